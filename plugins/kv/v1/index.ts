/** KV version 1: one value per path, whatever fields were sent, as Vault's clients know it. */
import { defineEngine, type EngineDefinition } from '@strongroom/sdk-plugin';
import { secretRoutes } from './routes.ts';

const kvV1: EngineDefinition = defineEngine({ name: 'kv-v1', version: '1.0.0', routes: secretRoutes });
export default kvV1;
