/*
 * Estimate of conversational quality by the E-model (ITU-T G.107, with G.113 values for G.711
 * with packet-loss concealment: Ie 0, Bpl 25.1), all other parameters at their defaults.
 */
#ifndef TR_RTP_QUALITY_H
#define TR_RTP_QUALITY_H

/* delay_ms: one way, mouth to ear. loss_percent: lost and late packets. Returns MOS-CQE 1..4.5. */
double tr_quality_mos(double delay_ms, double loss_percent);

#endif
