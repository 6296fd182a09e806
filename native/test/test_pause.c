#include "dsp/comfort_noise.h"
#include "harness.h"
#include "levels.h"
#include "rtp/pause.h"

/*
 * What is told and what is played, in turn: an event told from here to there, comfort noise, speech,
 * speech (A) while the event lasts, a gap. What each gap is taken for: L loss, E event, S silence.
 */
typedef struct {
    char what;
    uint32_t at, until;
} moment;

#define G(t) {'g', t, 0}
#define S(t) {'s', t, 0}
#define A(t) {'a', t, 0}
#define N(t) {'n', t, 0}
#define E(t, end) {'e', t, end}

static const struct {
    const char *name;
    moment moments[12];
    const char *gaps;
} pause_rows[] = {
    {"loss", {S(0), G(160), S(320), G(480)}, "LL"},
    {"an event", {S(0), E(160, 320), G(160), E(160, 480), G(320), G(480),
                  S(640), G(800)}, "EEEL"},
    {"a loss before it", {E(320, 480), G(0), G(160), G(320), G(480)}, "LLEE"},
    {"the play-out point moved back", {E(320, 480), G(320), G(240), G(320)}, "EEE"},
    {"speech during it", {E(0, 160), A(160), G(320), A(480), E(0, 640), G(640),
                          S(800), G(960)}, "EEL"},
    {"two events", {E(0, 160), G(0), E(480, 640), S(160), S(320), G(480),
                    G(640), S(800), G(960)}, "EEEL"},
    {"over the wrap", {E(0xFFFFFF60, 160), G(0xFFFFFEC0), G(0xFFFFFF60), G(0),
                       S(160), G(320)}, "LEEL"},
    {"noise", {S(0), N(160), G(160), G(320), N(480), G(480), S(640),
               G(800)}, "SSSL"},
    {"a digit in silence", {N(0), G(0), E(320, 480), G(160), G(320), S(480),
                            G(640)}, "SEEL"},
    {"another clock's speech", {E(160, 320), S(0x50000000), G(0x500000A0)}, "L"},
};

static void what_gaps_mean(void)
{
    for (size_t i = 0; i < COUNT(pause_rows); i++) {
        tr_pause pause;
        char gaps[16] = "";
        ROW(pause_rows[i].name);
        tr_pause_clear(&pause);
        for (size_t n = 0; n < 12; n++) {
            const moment *m = &pause_rows[i].moments[n];
            if (m->what == 'e')
                tr_pause_told(&pause, TR_GAP_EVENT, m->at, m->until);
            else if (m->what == 'n')
                tr_pause_told(&pause, TR_GAP_SILENCE, m->at, m->at);
            else if (m->what == 's' || m->what == 'a')
                tr_pause_speech(&pause, m->at, m->what == 'a');
            else if (m->what == 'g')
                gaps[strlen(gaps)] = "LES"[tr_pause_gap(&pause, m->at)];
        }
        CHECK(!strcmp(gaps, pause_rows[i].gaps));
        if (strcmp(gaps, pause_rows[i].gaps))
            printf("gaps: %s\n", gaps);
    }
}

const SUITE(suite_pause) = {
    {"what_gaps_mean", what_gaps_mean},
    END_OF_SUITE,
};

/* RFC 3389 section 3.1: -dBov; 0 dBov is a square wave at full scale. */
static void noise_has_the_level_told(void)
{
    static const struct {
        uint8_t payload[2];
        size_t size;
        double dbov;
    } rows[] = {{{40}, 1, -40}, {{64}, 1, -64}, {{0x80 | 50, 200}, 2, -50}, {{0}, 1, -30}};
    static int16_t pcm[8000];
    tr_comfort_noise noise;
    for (size_t i = 0; i < COUNT(rows); i++) {
        tr_comfort_noise_init(&noise);
        tr_comfort_noise_level(&noise, rows[i].payload, rows[i].size);
        tr_comfort_noise_work(&noise, pcm, 8000);
        CHECK(fabs(10 * log10(power(pcm, 8000)) - 20 * log10(32635) - rows[i].dbov) < 0.5);
    }
    tr_comfort_noise_level(&noise, rows[0].payload, 0);
    tr_comfort_noise_work(&noise, pcm, 8000);
    CHECK(power(pcm, 8000) == 0);
}

const SUITE(suite_comfort_noise) = {
    {"noise_has_the_level_told", noise_has_the_level_told},
    END_OF_SUITE,
};
