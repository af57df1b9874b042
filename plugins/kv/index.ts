/**
 * KV version 2: secrets with versions, check-and-set, soft delete and custom metadata, as Vault's clients know it.
 * The value of each version is kept byte for byte as it was written.
 */
import { defineEngine, type EngineDefinition } from '@strongroom/sdk-plugin';
import { configRoutes } from './routes-config.ts';
import { dataRoutes } from './routes-data.ts';
import { invalidRoutes } from './routes-invalid.ts';
import { listingRoutes } from './routes-listing.ts';
import { metadataRoutes } from './routes-metadata.ts';
import { subkeyRoutes } from './routes-subkeys.ts';
import { versionRoutes } from './routes-versions.ts';

const kv: EngineDefinition = defineEngine({
  name: 'kv',
  version: '2.0.0',
  routes: { ...configRoutes, ...dataRoutes, ...versionRoutes, ...metadataRoutes, ...listingRoutes, ...subkeyRoutes, ...invalidRoutes },
});
export default kv;
