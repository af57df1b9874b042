/** What a module for threads is built from: the plugin, and the code that serves it with the same classes. */
export { default } from 'strongroom:the-plugin';
export { EngineServer } from '../serving/engine-server.ts';
export { outlineOf } from '../serving/outline.ts';
