#include "rtp/quality.h"

#define R_DEFAULT 93.2
#define BPL_G711_PLC 25.1

/* G.107 annex-style approximation of Idd: nothing to notice below 177.3 ms but the linear part. */
static double delay_impairment(double ms)
{
    return 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
}

double tr_quality_mos(double delay_ms, double loss_percent)
{
    const double equipment = 95.0 * loss_percent / (loss_percent + BPL_G711_PLC);
    const double r = R_DEFAULT - delay_impairment(delay_ms) - equipment;
    if (r <= 0)
        return 1.0;
    if (r >= 100)
        return 4.5;
    const double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    return mos < 1 ? 1 : mos;
}
