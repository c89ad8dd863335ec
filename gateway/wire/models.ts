// Lists of models, as each vendor's SDK reads them.

export function openaiModel(id: string, created = 0): object {
  return { id, object: 'model', created, owned_by: 'anneal' };
}

export function openaiModels(names: readonly string[]): object {
  return { object: 'list', data: names.map((id) => openaiModel(id)) };
}

export function anthropicModel(id: string, created = 0): object {
  return { type: 'model', id, display_name: id, created_at: new Date(created * 1000).toISOString() };
}

/** All on one page. */
export function anthropicModels(names: readonly string[]): object {
  return {
    data: names.map((id) => anthropicModel(id)),
    has_more: false,
    first_id: names[0] ?? null,
    last_id: names.at(-1) ?? null,
  };
}
