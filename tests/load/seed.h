/* seed.h - what seed_exam makes and exam_load counts on. */
#ifndef LOAD_SEED_H
#define LOAD_SEED_H

#define SEED_PROGRAMME "00000000-0000-7000-8000-000000000001"

enum { SEED_ITEMS = 40 };

#endif
