// What the store says of an object that was put into it.

/// An object that is durable in the store.
package struct StoredObject: Equatable, Sendable {
    package let digest: Digest
    /// Raw bytes.
    package let byteCount: Int
    /// Whether this call added it, rather than found it.
    package let isNew: Bool
}
