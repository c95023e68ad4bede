/* The peer that a specialist would write for each problem: one C loop per method, over blocks of 32 lanes, a finished
   lane frozen by select and replaced by the next start.  CUBIC: y = phi(w x + b), phi(z) = z^3 + z^2/2 - 3z, data (0,0),
   (1,0), F = (phi(b)^2 + phi(w+b)^2)/4.  CLOCHE: phi(z) = exp(-z^2/2), data (0,1), (1,0), (2,1), F = sum of squares / 6.
   Every method tests every stop condition at every step.  exp is the C library's, within 1 ulp as ours is. */
#include <math.h>

typedef long long i64;
enum { W = 32, K = 16 };

static inline double phi(double z) { return ((z + 0.5) * z - 3.0) * z; }
static inline double dphi(double z) { return (3.0 * z + 1.0) * z - 3.0; }

/* from the local w, b: the gradient gw, gb, its square g2, and r2 = |theta|^2 */
#define CUBIC                                                                                                      \
    const double u = w + b, fb = phi(b), fu = phi(u);                                                             \
    const double gw = 0.5 * fu * dphi(u), gb = 0.5 * fb * dphi(b) + gw;
#define CLOCHE                                                                                                     \
    const double u = w + b, z = w + u, e0 = exp(-0.5 * b * b), e1 = exp(-0.5 * u * u), e2 = exp(-0.5 * z * z);      \
    const double s0 = (e0 - 1.0) * e0 * b, s1 = e1 * e1 * u, s2 = (e2 - 1.0) * e2 * z;                             \
    const double gw = -(s1 + 2.0 * s2) / 3.0, gb = -(s0 + s1 + s2) / 3.0;

typedef struct { double gradient2, speed2, radius2, h_min; i64 max_steps; } stops;

/* S states per lane; the body reads and writes them through the local names it declares, and sets `go`. */
#define METHOD(NAME, S, LOSS, GATHER, ...)                                                                         \
    void NAME(i64 first, i64 last, i64 n, stops stop, const double *start, double *final, i64 *steps,             \
              const double *p, const double *table, i64 rows)                                                     \
    {                                                                                                             \
        double y[S][W] __attribute__((aligned(64))), c[2][W] __attribute__((aligned(64)));                        \
        i64 count[W] __attribute__((aligned(64))), alive[W] __attribute__((aligned(64))), lane[W];                \
        i64 next = first, running = 0;                                                                            \
        const double p0 = p[0], p1 = p[1], p2 = p[2], p3 = p[3], p4 = p[4], p5 = p[5];                            \
        (void)c; (void)table; (void)rows; (void)p1; (void)p2; (void)p3; (void)p4; (void)p5;                       \
        for (int l = 0; l < W; l++) {                                                                             \
            lane[l] = next < last ? next++ : -1;                                                                  \
            alive[l] = lane[l] >= 0; running += alive[l]; count[l] = 0;                                           \
            for (int s = 0; s < S; s++) y[s][l] = alive[l] ? start[s * n + lane[l]] : 0;                          \
        }                                                                                                         \
        while (running) {                                                                                         \
            for (int k = 0; k < K; k++) {                                                                         \
                GATHER                                                                                            \
                _Pragma("GCC ivdep")                                                                              \
                for (int l = 0; l < W; l++) {                                                                     \
                    i64 go = alive[l] & (count[l] < stop.max_steps);                                              \
                    const double w = y[0][l], b = y[1][l];                                                        \
                    LOSS                                                                                          \
                    const double g2 = gw * gw + gb * gb, r2 = w * w + b * b;                                      \
                    __VA_ARGS__                                                                                   \
                    count[l] += go; alive[l] = go;                                                                \
                }                                                                                                 \
            }                                                                                                     \
            for (int l = 0; l < W; l++) if (!alive[l] && lane[l] >= 0) {                                          \
                for (int s = 0; s < S; s++) final[s * n + lane[l]] = y[s][l];                                     \
                steps[lane[l]] = count[l];                                                                        \
                if (next < last) {                                                                                \
                    lane[l] = next++; alive[l] = 1; count[l] = 0;                                                 \
                    for (int s = 0; s < S; s++) y[s][l] = start[s * n + lane[l]];                                 \
                } else { lane[l] = -1; running--; }                                                               \
            }                                                                                                     \
        }                                                                                                         \
    }

#define GO(V2) go = go & (((g2 > stop.gradient2) | ((V2) > stop.speed2)) & (r2 <= stop.radius2));
#define SET(S, VALUE, OLD) y[S][l] = go ? (VALUE) : (OLD);

/* p0 = lr */
METHOD(gd, 2, CUBIC, , {
    GO(g2)
    SET(0, w - p0 * gw, w)
    SET(1, b - p0 * gb, b)
})

/* p0 = lr, p1 = mu; states 2, 3 the buffer; speed in units of sqrt(lr) time */
METHOD(momentum, 4, CUBIC, , {
    const double m0 = y[2][l], m1 = y[3][l];
    const double n0 = p1 * m0 + gw, n1 = p1 * m1 + gb;
    GO(p0 * (n0 * n0 + n1 * n1))
    SET(0, w - p0 * n0, w)
    SET(1, b - p0 * n1, b)
    SET(2, n0, m0)
    SET(3, n1, m1)
})

/* p = lr, 1 - beta1, 1 - beta2, eps, beta1, beta2; states 2..5 m and v; table rows 1 - beta1^t, 1 - beta2^t */
METHOD(adam, 6, CUBIC,
    for (int l = 0; l < W; l++) {
        const i64 r = count[l] < rows ? count[l] : rows - 1;
        c[0][l] = table[r];
        c[1][l] = table[rows + r];
    }, {
    const double m0 = y[2][l], m1 = y[3][l], v0 = y[4][l], v1 = y[5][l];
    const double n0 = p4 * m0 + p1 * gw, n1 = p4 * m1 + p1 * gb;
    const double q0 = p5 * v0 + p2 * (gw * gw), q1 = p5 * v1 + p2 * (gb * gb);
    const double d0 = (n0 / c[0][l]) / (sqrt(q0 / c[1][l]) + p3), d1 = (n1 / c[0][l]) / (sqrt(q1 / c[1][l]) + p3);
    GO(d0 * d0 + d1 * d1)
    SET(0, w - p0 * d0, w)
    SET(1, b - p0 * d1, b)
    SET(2, n0, m0)
    SET(3, n1, m1)
    SET(4, q0, v0)
    SET(5, q1, v1)
})

/* p = tol, safety; states 2, 3, 4: h, t, accepted */
METHOD(richardson, 5, CUBIC, , {
    const double h = y[2][l], t = y[3][l], accepted = y[4][l], half = 0.5 * h;
    const double w2 = w - half * gw, b2 = b - half * gb, u2 = w2 + b2;
    const double fb2 = phi(b2), fu2 = phi(u2);
    const double ew = 0.5 * fu2 * dphi(u2), eb = 0.5 * fb2 * dphi(b2) + ew;
    const double d0 = half * (ew - gw), d1 = half * (eb - gb), e2 = d0 * d0 + d1 * d1, th = p0 * h;
    const double bound = th * th * g2, f = p1 * sqrt(bound / e2);
    const double factor = f > 0.2 ? (f < 5.0 ? f : 5.0) : 0.2;
    const int accept = e2 <= bound;
    GO(g2)
    go = go & (h >= stop.h_min);
    SET(0, accept ? w - h * ew : w, w)
    SET(1, accept ? b - h * eb : b, b)
    SET(2, h * factor, h)
    SET(3, accept ? t + h : t, t)
    SET(4, accept ? accepted + 1.0 : accepted, accepted)
})

/* p = ratio, shrink, grow; states 2, 3, 4: h, t, accepted */
METHOD(energy, 5, CUBIC, , {
    const double h = y[2][l], t = y[3][l], accepted = y[4][l];
    const double w2 = w - h * gw, b2 = b - h * gb, fb2 = phi(b2), fu2 = phi(w2 + b2);
    const double before = 0.25 * (fb * fb + fu * fu), after = 0.25 * (fb2 * fb2 + fu2 * fu2);
    const int accept = after - before <= 2.220446049250313e-16 * (before + after) - p0 * h * g2;
    GO(g2)
    go = go & (h >= stop.h_min);
    SET(0, accept ? w2 : w, w)
    SET(1, accept ? b2 : b, b)
    SET(2, accept ? h * p2 : h / p1, h)
    SET(3, accept ? t + h : t, t)
    SET(4, accept ? accepted + 1.0 : accepted, accepted)
})

/* p0 = lr */
METHOD(cloche_gd, 2, CLOCHE, , {
    GO(g2)
    SET(0, w - p0 * gw, w)
    SET(1, b - p0 * gb, b)
})

/* p = friction, ratio; states 2..6: v, h, t, accepted; the friction is solved exactly */
METHOD(momentum_energy, 7, CUBIC, , {
    const double v0 = y[2][l], v1 = y[3][l], h = y[4][l], t = y[5][l], accepted = y[6][l];
    const double share = (1.0 - exp(-p0 * h)) / p0;
    const double n0 = v0 - share * (p0 * v0 + gw), n1 = v1 - share * (p0 * v1 + gb), n2 = n0 * n0 + n1 * n1;
    const double w2 = w + h * n0, b2 = b + h * n1, fb2 = phi(b2), fu2 = phi(w2 + b2);
    const double before = 0.25 * (fb * fb + fu * fu) + 0.5 * (v0 * v0 + v1 * v1);
    const double after = 0.25 * (fb2 * fb2 + fu2 * fu2) + 0.5 * n2;
    const int accept = after - before <= 4.440892098500626e-16 * before - p1 * h * p0 * n2;
    GO(n2)
    go = go & (h >= stop.h_min);
    SET(0, accept ? w2 : w, w)
    SET(1, accept ? b2 : b, b)
    SET(2, accept ? n0 : v0, v0)
    SET(3, accept ? n1 : v1, v1)
    SET(4, accept ? h * 2.0 : h * 0.5, h)
    SET(5, accept ? t + h : t, t)
    SET(6, accept ? accepted + 1.0 : accepted, accepted)
})
