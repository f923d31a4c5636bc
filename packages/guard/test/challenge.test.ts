import fc from 'fast-check'
import { expect, test } from 'vitest'
import { challenge, metadataPath, protectedResourceMetadata } from '../src/index.ts'

const resourceMetadata = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp/files'

test('a request without a token learns where to go and what to ask for', () => {
  expect(challenge({ resourceMetadata, scope: 'files:read' })).toBe(
    `Bearer resource_metadata="${resourceMetadata}", scope="files:read"`,
  )
  expect(challenge({ resourceMetadata, scope: [], error: undefined })).toBe(
    `Bearer resource_metadata="${resourceMetadata}"`,
  )
})

test('an error comes with its name and description', () => {
  const fields = { resourceMetadata, scope: ['files:read', 'files:write'], error: 'insufficient_scope' } as const
  expect(challenge({ ...fields, description: 'two scopes' })).toBe(
    `Bearer resource_metadata="${resourceMetadata}", scope="files:read files:write", error="insufficient_scope", error_description="two scopes"`,
  )
})

test('no description can leave its quotes or its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (description) => {
      const value = challenge({ resourceMetadata, error: 'invalid_token', description })
      expect(value).toMatch(/^[\x20-\x7e]+$/)
      expect(value.match(/"/g)?.length).toBe(description === '' ? 4 : 6)
      expect(value).not.toContain('\\')
    }),
  )
})

test('what the operator configures is refused where it could not be quoted', () => {
  for (const scope of ['a"b', 'a\\b', 'a\nb', ' a', 'a  b', 'ä', ['a b"']]) {
    expect(() => challenge({ resourceMetadata, scope })).toThrow(TypeError)
  }
  for (const url of ['', 'https://a/"', 'https://a/ b', 'https://a/\r\nx: y']) {
    expect(() => challenge({ resourceMetadata: url })).toThrow(TypeError)
  }
})

test('the metadata document (RFC 9728 section 2)', () => {
  const resource = {
    resource: 'https://mcp.example.com/mcp/files',
    authorizationServers: ['https://mcp.example.com'],
    scopes: ['files:read'],
    name: 'files',
  }
  expect(protectedResourceMetadata(resource)).toEqual({
    resource: 'https://mcp.example.com/mcp/files',
    authorization_servers: ['https://mcp.example.com'],
    scopes_supported: ['files:read'],
    bearer_methods_supported: ['header'],
    resource_name: 'files',
  })
})

test.each([
  ['https://mcp.example.com', '/.well-known/oauth-protected-resource'],
  ['https://mcp.example.com/', '/.well-known/oauth-protected-resource'],
  ['https://mcp.example.com/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ['https://mcp.example.com/mcp/files', '/.well-known/oauth-protected-resource/mcp/files'],
  ['https://mcp.example.com/mcp/files/', '/.well-known/oauth-protected-resource/mcp/files/'],
  ['https://mcp.example.com/mcp?a=b', '/.well-known/oauth-protected-resource/mcp?a=b'],
])('threat 22: the metadata of %s is at %s', (resource, path) => {
  expect(metadataPath(resource)).toBe(path)
})
