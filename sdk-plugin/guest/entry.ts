/** What a component is built from: the two functions of the world around the plugin that the build puts in. */
// The order counts: promises and text must be there before any other module is evaluated.
import { drain, fulfilledWith } from './promise.ts';
import { goLive } from './text.ts';
import plugin from 'strongroom:the-plugin';
import host from 'strongroom:plugin/host@1.0.0';
import { outlineOf } from '../serving/outline.ts';
import type { Turn } from '../serving/turn.ts';
import { Turns } from './turns.ts';

const turns = new Turns(plugin, host, { drain, fulfilled: fulfilledWith });

/** What the plugin declares, as JSON. */
export function describe(): string {
  goLive();
  return JSON.stringify({ ...outlineOf(plugin), rows: true });
}

/** One turn. */
export function handle(input: Turn): Turn {
  goLive();
  try {
    return turns.handle(input);
  } catch (error) {
    // What leaves here is a trap, which says nothing of its reason.
    host.log('error', String(error));
    throw error;
  }
}
