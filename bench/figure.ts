/** A figure: what a benchmark gives, one line each. */

/** What is aimed at: the value or the ratio may be at most this. */
export interface Budget {
  readonly of: 'value' | 'ratio';
  readonly atMost: number;
}

/** One measured thing. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** CPU against the bare server that gives the same bytes. */
  readonly ratio?: number;
  readonly budget?: Budget;
}

/** Takes a figure as soon as it is known. */
export type Report = (figure: Figure) => void;

/** Tells whether a figure keeps to its budget; undefined when it has none. */
export function isMet({ value, ratio, budget }: Figure): boolean | undefined {
  if (budget === undefined) return undefined;
  return (budget.of === 'ratio' ? (ratio ?? Number.POSITIVE_INFINITY) : value) <= budget.atMost;
}

/** Writes a number with three significant digits, or whole from 100 on. */
export function shortNumber(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** The columns of a figure: name, value, unit, ratio, budget, whether it is met. */
export function columns(figure: Figure): readonly string[] {
  const { name, value, unit, ratio, budget } = figure;
  const met = isMet(figure);
  return [
    name,
    shortNumber(value),
    unit,
    ratio === undefined ? '' : `${shortNumber(ratio)} x`,
    budget === undefined ? '' : `<= ${shortNumber(budget.atMost)}${budget.of === 'ratio' ? ' x' : ''}`,
    met === undefined ? '' : met ? 'met' : 'NOT MET',
  ];
}
