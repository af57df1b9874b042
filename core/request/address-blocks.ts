/** Blocks of addresses that somebody is asked to be in. */
import { BlockList, isIP, SocketAddress } from 'node:net';

/** An address without the IPv6 form of an IPv4 one. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** The one spelling of an address that sockets show; undefined for other text, zones included. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  return family === 4 ? text : plainAddress(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/** Makes the test whether an address lies in one of the blocks. @param blocks with their bits: `10.0.0.0/8` */
export function addressTest(blocks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const block of blocks) {
    const [net = '', bits] = block.split('/');
    list.addSubnet(net, Number(bits), isIP(net) === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  };
}
