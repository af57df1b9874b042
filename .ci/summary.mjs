// Prints the last line of a run from vitest's JSON report, and ends with failure when anything failed.
import { readFileSync } from 'node:fs';

// Its arguments are the steps that failed.
const steps = process.argv.slice(2);
const report = JSON.parse(readFileSync('.ci/out/tests.json', 'utf8'));
for (const file of report.testResults) {
  const passed = file.assertionResults.filter(({ status }) => status === 'passed').length;
  console.log(`${String(passed).padStart(5)} of ${file.assertionResults.length} passed in ${file.name.split('/').slice(-3).join('/')}`);
}
const skipped = report.numPendingTests + report.numTodoTests;
const unloadable = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
).length;
const tests = report.numFailedTests + unloadable + (skipped > 0 ? 1 : 0);
// The tests' own step is counted by its tests.
const failed = tests + steps.filter((step) => tests === 0 || !step.startsWith('npm test')).length;
if (skipped > 0) console.log(`${skipped} tests were skipped, which counts as a failure here`);
for (const step of steps) console.log(`failed: ${step}`);
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;
