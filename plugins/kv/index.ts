/** KV version 2. */
import { defineEngine, type EngineDefinition } from '@strongroom/sdk-plugin';

const kv: EngineDefinition = defineEngine({ name: 'kv', version: '2.0.0', routes: {} });
export default kv;
