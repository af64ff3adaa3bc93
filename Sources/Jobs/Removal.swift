// What `layerfold rm` asks for, and what it is answered.

/// What of a job is removed.
package enum RemovedPart: String, Sendable, Codable, CaseIterable {
    /// The folder of its results.
    case results
    /// Everything: results, manifest, log, and the job itself.
    case job
}

/// What was removed.
package struct RemovalReceipt: Sendable, Equatable, Codable {
    package var id: String
    package var what: RemovedPart
    package var freedBytes: Int

    package init(id: String, what: RemovedPart, freedBytes: Int) {
        self.id = id
        self.what = what
        self.freedBytes = freedBytes
    }

    private enum CodingKeys: String, CodingKey {
        case id, what
        case freedBytes = "freed_bytes"
    }
}
