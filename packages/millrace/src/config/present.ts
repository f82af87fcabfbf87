type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** An object without the keys that hold nothing, so that defaults apply. */
export const present = <T extends object>(value: T): WithoutUndefined<T> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter is what the type says
  Object.fromEntries(
    Object.entries(value).filter(([, held]) => held !== undefined),
  ) as WithoutUndefined<T>;
