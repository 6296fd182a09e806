/* RTCP as a stranger may send it, and as we build it from what was read. */
#include <stdlib.h>
#include <string.h>

#include "rtp/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tr_rtcp_received received;
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    if (tr_rtcp_parse(&received, copy, size, 0x01020304) && received.has_block) {
        uint8_t out[TR_RTCP_MAX_BYTES];
        tr_rtcp_received again;
        const tr_rtcp_report report = {.ssrc = received.ssrc, .has_block = true,
                                       .block = received.block, .bye = received.leaving_count > 0,
                                       .cname = "fuzz"};
        const size_t built = tr_rtcp_build(out, &report);
        if (!tr_rtcp_parse(&again, out, built, 0x01020304) ||
            again.block.lost != received.block.lost)
            abort();
    }
    free(copy);
    return 0;
}
