#include <stdio.h>
#include "demo.h"
int demo_live(unsigned seconds) { (void)seconds; fprintf(stderr, "pending\n"); return 1; }
