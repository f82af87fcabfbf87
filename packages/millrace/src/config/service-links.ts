/**
 * Kubernetes and the links of Docker describe a service named `millrace`, or
 * `millrace-…`, to every container by variables with the prefix of our settings.
 */

const NAME =
  /^MILLRACE_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_PROTO|_PORT|_ADDR)?)$/;

/** Whether a variable may be such a description by its name; `MILLRACE_PORT` is a setting, too. */
export const isServiceLinkName = (name: string): boolean => NAME.test(name);

/** Whether the value of a port is the address of a service instead. */
export const isServiceAddress = (text: string): boolean => /^(?:tcp|udp|sctp):\/\/\S+$/.test(text);
