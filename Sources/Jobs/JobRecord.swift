// The files of an accepted job that the daemon writes into `jobs/<id>/`, beside manifest.raw.

/// `job.json`: what was accepted. Once it exists, the job is never lost.
package struct JobRecord: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let fileName = "job.json"
    package static let manifestFileName = "manifest.raw"
    package static let bytesMax = 8_388_608

    package var version: Int
    package var id: String
    /// The file it came from, or the name given to the API.
    package var source: String
    /// User number of the file's owner.
    package var owner: Int
    /// Milliseconds since 1970 UTC.
    package var submittedAtMilliseconds: Int
    /// SHA-256 of manifest.raw.
    package var manifestDigest: String
    package var description: JobDescription

    package init(
        id: String, source: String, owner: Int, submittedAtMilliseconds: Int,
        manifestDigest: String, description: JobDescription
    ) {
        version = Self.currentVersion
        self.id = id
        self.source = source
        self.owner = owner
        self.submittedAtMilliseconds = submittedAtMilliseconds
        self.manifestDigest = manifestDigest
        self.description = description
    }

    /// The path of the job's folder below `results`: in the folder of its owner.
    package var resultsName: String { "\(owner)/\(flatResultsName)" }

    /// As earlier daemons named it, in `results` itself; its last component today.
    package var flatResultsName: String { "\(description.name)-\(id)" }

    /// The folder below `results` that the worker fills, before it gets its name. Not in the
    /// owner's folder, where she could meet a worker half-way.
    package var partialResultsName: String { ".\(flatResultsName)\(Self.partialSuffix)" }

    package static let partialSuffix = ".partial"

    /// The folder below `results` that one try at a cluster fills alone; the one that counts is
    /// given the name `partialResultsName`.
    /// - Parameters:
    ///   - token: of the try.
    ///   - partial: `partialResultsName` of its job.
    package static func tryResultsName(_ token: String, of partial: String) -> String {
        "\(tryResultsPrefix(of: partial))\(token)\(partialSuffix)"
    }

    /// What all names begin with that `tryResultsName` gives for one job.
    package static func tryResultsPrefix(of partial: String) -> String {
        "\(partial.dropLast(partial.hasSuffix(partialSuffix) ? partialSuffix.count : 0))."
    }

    /// All names that results of a job may have below `results`, whole or not.
    package static func resultsNames(ofJob id: String, name: String, owner: Int) -> [String] {
        let flat = "\(name)-\(id)"
        return ["\(owner)/\(flat)", flat, ".\(flat).partial"]
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, source, owner, description
        case submittedAtMilliseconds = "submitted_at_ms"
        case manifestDigest = "manifest_sha256"
    }
}

/// `end.json`: how a job ended, so that its end survives the loss of the index.
package struct JobEnd: Sendable, Equatable, Codable {
    package static let fileName = "end.json"
    package static let bytesMax = 1_048_576

    /// `done`, `failed` or `cancelled`.
    package var state: JobState
    package var finishedAtMilliseconds: Int
    package var failure: WorkerOutcome.Failure?

    package init(
        state: JobState, finishedAtMilliseconds: Int, failure: WorkerOutcome.Failure? = nil
    ) {
        self.state = state
        self.finishedAtMilliseconds = finishedAtMilliseconds
        self.failure = failure
    }

    private enum CodingKeys: String, CodingKey {
        case state, failure
        case finishedAtMilliseconds = "finished_at_ms"
    }
}
