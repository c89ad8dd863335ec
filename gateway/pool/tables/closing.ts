// What is opened for one piece of work is closed after it, however that ends.
export async function closing<R extends AsyncDisposable, T>(opened: R, work: (opened: R) => Promise<T>): Promise<T> {
  try {
    return await work(opened);
  } finally {
    await opened[Symbol.asyncDispose]();
  }
}
