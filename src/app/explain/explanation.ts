// What `postrider explain CODE` says about an error code.

export type Explanation = readonly [cause: string, cure: string];
export type Explanations = Readonly<Record<string, Explanation>>;
