/** Reaches a service that a test runs, for plugins in a test mount. */
import type { OutsideRequest, OutsideResponse } from '@strongroom/sdk-plugin';

/** Sends requests to the service, whatever host they name. @param origin of the service */
export function fetchFrom(origin: string): (request: OutsideRequest) => Promise<OutsideResponse> {
  return async ({ method, url, headers = {}, body }) => {
    const { pathname, search } = new URL(url);
    const response = await fetch(`${origin}${pathname}${search}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: new Uint8Array(await response.arrayBuffer()) };
  };
}
