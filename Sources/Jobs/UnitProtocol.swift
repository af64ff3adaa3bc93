// What passes between the daemon and a worker on another machine: files in a folder that both see.
// docs/CLUSTER.md describes them for people.

/// A unit of work: a part of a job, carried out by one worker.
package enum UnitScope: String, Sendable, Codable, CaseIterable {
    /// What all models of the job share: digest, calibration, analysis, what the original scores.
    /// It is left in the cache; nothing is written for people.
    case shared
    /// The models of the description, too; but again only what the cache keeps.
    case models
    /// The whole job, with its results.
    case whole
}

/// What makes a `WorkerRequest` one of a unit of work.
package struct UnitPart: Sendable, Equatable, Codable {
    /// Names this try of this unit, everywhere.
    package var token: String
    package var scope: UnitScope
    /// The version of the daemon's program; the node's has to be the same.
    package var program: String
    /// What other units of the job were computed with, by name of the unit; in the request of the
    /// last one, whose report says where machines differed.
    package var numerics: [String: UnitNumerics]

    package init(
        token: String, scope: UnitScope, program: String, numerics: [String: UnitNumerics] = [:]
    ) {
        self.token = token
        self.scope = scope
        self.program = program
        self.numerics = numerics
    }
}

/// For whom a unit's request is: what programs of all versions write and read alike. The rest may
/// be of a version that this one cannot read.
package struct UnitAddress: Sendable, Equatable, Decodable {
    package let token: String
    /// The version of the program that has to carry it out.
    package let program: String

    package init(from decoder: any Decoder) throws {
        let unit = try decoder.container(keyedBy: CodingKeys.self)
            .nestedContainer(keyedBy: CodingKeys.self, forKey: .unit)
        token = try unit.decode(String.self, forKey: .token)
        program = try unit.decode(String.self, forKey: .program)
    }

    private enum CodingKeys: String, CodingKey {
        case unit, token, program
    }
}

/// What decides the last bits of numbers on a machine; keys name it.
package struct UnitNumerics: Sendable, Hashable, Codable {
    package var compute: String
    package var kernels: String
    package var threads: Int
    package var blas: String
    package var processor: String

    package init(
        compute: String, kernels: String, threads: Int, blas: String, processor: String
    ) {
        self.compute = compute
        self.kernels = kernels
        self.threads = threads
        self.blas = blas
        self.processor = processor
    }

    /// Whether objects of the one are found by the other. The processor's name is for people.
    package func agrees(with other: UnitNumerics) -> Bool {
        (compute, kernels, threads, blas)
            == (other.compute, other.kernels, other.threads, other.blas)
    }

    package var text: String {
        "\(compute), kernels \(kernels), BLAS \(blas), \(threads) threads, \(processor)"
    }
}

/// The attempt file: how one try of a unit ended, written by its worker, durably and last. It is
/// the truth, whatever the queue says; without it the queue says more.
package struct UnitOutcome: Sendable, Equatable, Codable {
    package static let currentVersion = 1
    package static let bytesMax = 1_048_576

    package enum Result: String, Sendable, Codable {
        case succeeded, failed
        /// It was told to end before its time, and did so between two parts: another try goes on.
        case stopped
    }

    package var version = currentVersion
    package var token: String
    package var result: Result
    /// Set where and only where the result is `failed`.
    package var failure: WorkerOutcome.Failure?
    package var seconds: Double
    package var peakBytes: Int
    package var host: String
    /// nil where it ended before it knew.
    package var numerics: UnitNumerics?
    /// Stages and parts that it left in the cache; nil where nobody counted.
    package var kept: Int?
    /// The version of the node's program, where the request asks for another one: nothing was done.
    package var otherProgram: String?

    package init(
        token: String, result: Result, failure: WorkerOutcome.Failure? = nil, seconds: Double,
        peakBytes: Int, host: String, numerics: UnitNumerics? = nil, kept: Int? = nil,
        otherProgram: String? = nil
    ) {
        self.token = token
        self.result = result
        self.failure = failure
        self.seconds = seconds
        self.peakBytes = peakBytes
        self.host = host
        self.numerics = numerics
        self.kept = kept
        self.otherProgram = otherProgram
    }

    package var isSound: Bool {
        version == Self.currentVersion && (failure != nil) == (result == .failed)
            && (otherProgram == nil || result == .failed)
    }

    private enum CodingKeys: String, CodingKey {
        case version, token, result, failure, seconds, host, numerics, kept
        case peakBytes = "peak_bytes"
        case otherProgram = "other_program"
    }
}
