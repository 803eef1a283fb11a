/* device.h - a device in a few words, so that its owner knows it again in the list of sessions. */
#ifndef IDENTITY_DEVICE_H
#define IDENTITY_DEVICE_H

#include "types.h"

enum { DEVICE_TEXT = 60 };

/*
 * Browser and system of a User-Agent, such as "Firefox, Windows"; one of them alone, or "" when it names none that is
 * known. The words are ours: nothing of what the client wrote is kept.
 */
void device_words(struct span user_agent, char ret_words[DEVICE_TEXT + 1]);

#endif
