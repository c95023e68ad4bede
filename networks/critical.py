class CriticalPoint: pass
def classify(): pass
