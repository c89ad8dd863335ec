import type { Component } from './component.ts';
import type { Setup } from './setup.ts';
export function kwok(_setup: Setup): Component[] {
  return [];
}
