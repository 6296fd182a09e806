/* Allocations of the calling thread, counted where a sanitizer lets us look. */
#ifndef TR_TEST_ALLOCATIONS_H
#define TR_TEST_ALLOCATIONS_H

long allocations(void); /* of this thread so far; 0 for ever without a sanitizer */
long allocations_elsewhere(void); /* of all other threads */

#endif
