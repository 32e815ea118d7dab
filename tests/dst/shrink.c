/* Delta debugging over the fault list (Zeller and Hildebrandt, 2002, in its simple form): leave out ever smaller parts as
 * long as the same check still fails. */
#include "dst.h"

#include <string.h>

static bool still(const struct dst_plan *plan, const struct dst_run_options *o, enum dst_check wrong, uint32_t *runs)
{
    struct dst_result r;
    ++*runs;
    dst_run(plan, o, &r);
    return r.wrong == wrong;
}

uint32_t dst_shrink(struct dst_plan *plan, const struct dst_run_options *o, enum dst_check wrong, uint32_t runs_max)
{
    uint32_t runs = 0;
    for (uint32_t part = (plan->faults_n + 1) / 2; part > 0 && plan->faults_n > 0;) {
        bool less = false;
        for (uint32_t at = 0; at < plan->faults_n && runs < runs_max;) {
            struct dst_plan without = *plan;
            const uint32_t end = at + part < plan->faults_n ? at + part : plan->faults_n;
            memmove(&without.faults[at], &plan->faults[end], (plan->faults_n - end) * sizeof plan->faults[0]);
            without.faults_n -= end - at;
            if (still(&without, o, wrong, &runs)) {
                *plan = without;
                less = true;
            } else {
                at = end;
            }
        }
        if (runs >= runs_max) break;
        if (!less || part > 1) part = part > 1 ? part / 2 : 0;
    }
    return runs;
}
