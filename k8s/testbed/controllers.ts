import type { Api } from './api.ts';
import type { Component } from './component.ts';
import type { Setup } from './setup.ts';
export function controllers(_setup: Setup, _api: () => Api): Component[] {
  return [];
}
