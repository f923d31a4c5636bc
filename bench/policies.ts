/**
 * Twenty Cedar policies of the kinds that a company writes: one permits what the bench does, the others are about other
 * people, groups, tools and arguments, and have to be found not to matter.
 */
export function benchPolicies(issuer: string, clientId: string): string {
  const groups = ['finance', 'support', 'engineering', 'legal', 'sales', 'research', 'operations']
  const permits = groups.map(
    (
      group,
    ) => `permit (principal in Sallyport::Group::"${issuer}|${group}", action in Sallyport::Action::"call", resource in Sallyport::Upstream::"bench")
when { resource.readOnly };`,
  )
  const writers = ['update_record', 'share', 'archive'].map(
    (tool) => `@approval("operations, 1")
permit (principal in Sallyport::Group::"${issuer}|operations", action == Sallyport::Action::"bench/${tool}", resource);`,
  )
  const bounds = ['search', 'history', 'export_report'].map(
    (tool) => `forbid (principal, action == Sallyport::Action::"bench/${tool}", resource)
when { context.arguments has limit && context.arguments.limit > 1000 };`,
  )
  const agents = ['nightly-report', 'crm-sync', 'intern-bot'].map(
    (agent) =>
      `permit (principal == Sallyport::Agent::"${issuer}|${agent}", action == Sallyport::Action::"bench/search", resource);`,
  )
  return [
    `permit (principal == Sallyport::Agent::"${issuer}|${clientId}", action in [Sallyport::Action::"call", Sallyport::Action::"list"], resource in Sallyport::Upstream::"bench")
when { resource has readOnly && resource.readOnly || action == Sallyport::Action::"list" };`,
    `forbid (principal, action in Sallyport::Action::"call", resource) when { resource.destructive };`,
    `forbid (principal, action == Sallyport::Action::"bench/delete_record", resource);`,
    `forbid (principal == Sallyport::Agent::"${issuer}|retired-agent", action, resource);`,
    ...permits,
    ...writers,
    ...bounds,
    ...agents,
  ].join('\n\n')
}
