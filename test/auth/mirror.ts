/** An engine that answers who it has been told is calling. */
import { defineEngine, type EngineDefinition, route } from '@strongroom/sdk-plugin';

const mirror: EngineDefinition = defineEngine({
  name: 'mirror',
  version: '0.1.0',
  routes: {
    ...route('me', {
      summary: 'Who is calling',
      update: { handler: (ctx) => ({ data: { ...ctx.caller() } }) },
    }),
  },
});
export default mirror;
