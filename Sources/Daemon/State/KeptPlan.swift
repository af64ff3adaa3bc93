// A forecast as it lies in the job's folder: what `layerfold plan --json` prints, of which the
// daemon reads what it shows. What a later version adds is passed over.

/// What a job was expected to take.
package struct KeptPlan: Sendable, Equatable, Decodable {
    package static let bytesMax = 4_194_304

    package struct Stage: Sendable, Equatable, Decodable {
        package let name: String
        package let detail: String?
        package let isCached: Bool
        /// 0 for what comes from the cache.
        package let seconds: Double
        /// nil where the stage holds too little to be planned.
        package let peakBytes: Int?
        package let diskBytes: Int?

        private enum CodingKeys: String, CodingKey {
            case name, detail, seconds
            case isCached = "cached"
            case peakBytes = "peak_bytes"
            case diskBytes = "disk_bytes"
        }
    }

    package let stages: [Stage]
    /// Of what is computed.
    package let seconds: Double
    package let peakBytes: Int
    package let diskBytes: Int?
    /// What will not fit, in words.
    package let obstacles: [String]?
    /// What the time rests on: `guess`, `measured` or `history`.
    package let basis: String?

    private enum CodingKeys: String, CodingKey {
        case stages, seconds, obstacles, basis
        case peakBytes = "peak_bytes"
        case diskBytes = "disk_bytes"
    }
}
