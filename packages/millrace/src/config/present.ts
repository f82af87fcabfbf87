type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The object without its `undefined` values, so that defaults apply. */
export const present = <T extends object>(value: T): WithoutUndefined<T> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter removes what the type excludes
  Object.fromEntries(
    Object.entries(value).filter(([, held]) => held !== undefined),
  ) as WithoutUndefined<T>;
