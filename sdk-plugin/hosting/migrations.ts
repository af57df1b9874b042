/** Versions of plugins, and the migrations between them. */

/** Compares `major.minor.patch`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The migrations that bring a mount from one version to another, in order. */
export function migrationsBetween(migrations: readonly string[], from: string, to: string): readonly string[] {
  return migrations.filter((step) => compareVersions(step, from) > 0 && compareVersions(step, to) <= 0).toSorted(compareVersions);
}
