/** The host's functions, as componentize-qjs names them, and the plugin that the build puts in. */
declare module 'strongroom:plugin/host@1.0.0' {
  const host: {
    log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
    random(size: number): Uint8Array;
    /** Throws for bytes that are not well-formed. */
    toText(bytes: Uint8Array): string;
    toBytes(text: string): Uint8Array;
  };
  export default host;
}

declare module 'strongroom:the-plugin' {
  import type { EngineDefinition } from '@strongroom/sdk-plugin';

  const plugin: EngineDefinition;
  export default plugin;
}
