/*
 * bus.h - a blocking client of the bus: the stubs call_<method>(bus, in, out) of proto.h end here. One thread per bus.
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "codec.h"
#include "zsock.h"

struct bus;

/* `conf` must outlive the bus. Connects lazily, to every process of a service. NULL when memory is out. */
struct bus *bus_new(void *zmq, const struct bus_conf *conf, uint32_t timeout_ms);
void bus_free(struct bus *bus);
/* From now on only this process of a service is called (instances from 1 on); 0: any that is there. */
void bus_pin(struct bus *bus, unsigned instance);
/*
 * In whose name calls are made from now on: a person with these grants, BUS_MOST_GRANTS at most, copied. The service
 * takes the bus's word for it, as it takes the gateway's: whoever is on the bus has a key of the installation.
 */
enum { BUS_MOST_GRANTS = 32 };
void bus_as(struct bus *bus, struct uuid subject, const struct grant *grants, uint32_t n);
/* What the last failed call was about; valid until the next call. */
const struct fault *bus_fault(const struct bus *bus);
/*
 * bus_call (declared in proto's declare.h) finds the service by the method's number. Methods of base.def are every
 * service's, so they need it named. Returns 0 or an error's code; the reply's spans live until the next call.
 */
MUST_CHECK int bus_call_service(struct bus *bus, uint8_t service, uint16_t method, const struct msg *in_desc,
                                const void *in, const struct msg *out_desc, void *ret_out);

#endif
