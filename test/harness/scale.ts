/** How much a test does, and from which seed. */

/** Factor of the long forms: `STRONGROOM_TEST_SCALE`, default 1. */
export const scale: number = Number(process.env['STRONGROOM_TEST_SCALE'] ?? '1');

/** Another one each run unless `STRONGROOM_TEST_SEED` repeats one; tests print it in their names. */
export const seed: number = Number(process.env['STRONGROOM_TEST_SEED'] ?? String(Date.now() % 1_000_000_000));
