// The content of report.json: what a job asked, what ran, what came out. DESIGN fixes the core;
// docs/report.schema.json describes every field. Names no host, no user and no absolute path, so
// that the same job gives the same report on every machine but for times and memory.

package import JSON

/// Everything that report.json, report.html, report.csv and the model cards say.
package struct RunReport: Codable, Sendable, Equatable {
    /// Raised when a reader of an older version would misread a newer file.
    package static let schemaVersion = 1

    /// A report of a 126-layer model with 40 matrices has about 15 MB. It nests 8 levels; the
    /// rest is room for job parameters.
    private static let limits = JSONLimits(bytes: 256 << 20)

    package var schema: Int
    /// Every parameter of the job with defaults filled in, in the order of the manifest.
    package var job: JSONValue
    package var model: Model
    package var stages: [Stage]
    package var similarity: [Similarity]
    /// Where the job compares calibration sets or measures.
    package var correlations: [Correlation]?
    package var results: [Result]
    /// Models of the job in fewer bits, where it quantises.
    @LaterField package var quantized: [Quantized]?
    /// Files for other programs, of the model before the fold; where the job asked for them.
    @LaterField package var exports: [Export]?
    package var warnings: [String]
    package var versions: Versions
    package var numerics: Numerics
    /// Times in UTC, ISO 8601: `2026-03-02T14:03:11Z`.
    package var started: String
    package var finished: String

    package init(
        job: JSONValue, model: Model, stages: [Stage], similarity: [Similarity],
        correlations: [Correlation]? = nil, results: [Result], quantized: [Quantized]? = nil,
        exports: [Export]? = nil,
        warnings: [String],
        versions: Versions, numerics: Numerics,
        started: String, finished: String
    ) {
        self.schema = Self.schemaVersion
        self.job = job
        self.model = model
        self.stages = stages
        self.similarity = similarity
        self.correlations = correlations
        self.results = results
        self.quantized = quantized
        self.exports = exports
        self.warnings = warnings
        self.versions = versions
        self.numerics = numerics
        self.started = started
        self.finished = finished
    }

    /// The bytes of report.json: the same report gives the same text.
    ///
    /// Numbers that JSON lacks (NaN, infinities) are written as null.
    package func jsonText() throws -> String {
        try JSONValueEncoder.value(of: self).text(.page)
    }

    /// Reads a report.json; keys that this build does not know are passed over.
    ///
    /// Throws: `ReportError`, which names the place or the field.
    package init(jsonText: String) throws {
        let value = try Self.value(of: jsonText)
        if let found = value["schema"]?.integer, found != Self.schemaVersion {
            throw ReportError.schema(found: found, known: Self.schemaVersion)
        }
        do {
            self = try JSONValueDecoder.decode(RunReport.self, from: value)
        } catch let fault as JSONFieldFault {
            throw ReportError.field(path: fault.path, problem: fault.problem)
        }
        try validate()
    }

    private static func value(of text: String) throws(ReportError) -> JSONValue {
        let bytes = Array(text.utf8)
        do {
            return try JSONValue(parsing: bytes.span, limits: limits)
        } catch {
            throw .json(.of(offset: error.offset, in: bytes.span), error)
        }
    }

    /// The job's own name, or the model's where the job has none.
    package var name: String { job["name"]?.string ?? model.name }
}

extension RunReport {
    /// The checkpoint that the job started from.
    package struct Model: Codable, Sendable, Equatable {
        package var name: String
        /// SHA-256 over the checkpoint's content, hexadecimal.
        package var digest: String
        package var architecture: String
        package var layers: Int
        package var parameters: Int
        package var bytes: Int
        /// Of the weights as stored, such as `bfloat16`.
        package var dtype: String

        package init(
            name: String, digest: String, architecture: String, layers: Int, parameters: Int,
            bytes: Int, dtype: String
        ) {
            self.name = name
            self.digest = digest
            self.architecture = architecture
            self.layers = layers
            self.parameters = parameters
            self.bytes = bytes
            self.dtype = dtype
        }
    }

    /// One step of the job, computed or taken from the store.
    package struct Stage: Codable, Sendable, Equatable {
        package enum Cache: String, Codable, Sendable {
            case hit
            case miss

            /// For people.
            package var words: String {
                switch self {
                case .hit: "from cache"
                case .miss: "computed"
                }
            }
        }

        package var name: String
        /// SHA-256 of the action's canonical JSON, hexadecimal.
        package var key: String
        package var cache: Cache
        package var seconds: Double
        /// Of all threads.
        package var processorSeconds: Double?
        /// Resident memory, pages of mapped files among it.
        package var peakBytes: Int?
        /// Resident memory without mapped files; what a plan is about.
        package var anonymousPeakBytes: Int?
        package var plannedPeakBytes: Int?
        /// What this step worked on, in a few words: `57 sequences, 4,312 tokens`.
        package var detail: String
        /// Why the step was not in the cache: the first field of its key that differs from the
        /// nearest earlier action.
        package var missReason: String?

        package init(
            name: String, key: String, cache: Cache, seconds: Double,
            processorSeconds: Double? = nil, peakBytes: Int? = nil,
            anonymousPeakBytes: Int? = nil, plannedPeakBytes: Int? = nil, detail: String = "",
            missReason: String? = nil
        ) {
            self.name = name
            self.key = key
            self.cache = cache
            self.seconds = seconds
            self.processorSeconds = processorSeconds
            self.peakBytes = peakBytes
            self.anonymousPeakBytes = anonymousPeakBytes
            self.plannedPeakBytes = plannedPeakBytes
            self.detail = detail
            self.missReason = missReason
        }

        private enum CodingKeys: String, CodingKey {
            case name, key, cache, seconds
            case processorSeconds = "processor_seconds"
            case peakBytes = "peak_bytes"
            case anonymousPeakBytes = "peak_anonymous_bytes"
            case plannedPeakBytes = "planned_peak_bytes"
            case detail
            case missReason = "miss_reason"
        }
    }

    /// How much the layers of one model resemble one another by one measure.
    package struct Similarity: Codable, Sendable, Equatable {
        /// The value of `of` for the model before any fold.
        package static let original = "original"

        package var measure: String
        /// How an ambiguous measure was read, such as `paper` or `official`.
        package var reading: String?
        /// `original`, or the id of a result.
        package var of: String
        /// The calibration set it was measured on, where that is one of `compare`.
        package var set: String?
        /// Samples of that set.
        package var samples: Int?
        /// Names of rows and columns, usually the layer numbers.
        package var layers: [String]
        /// [layers, layers]; a value that could not be computed is NaN (null in JSON).
        package var matrix: [[Double]]
        /// Of the kernel matrix of each layer; empty where the measure has none.
        package var conditionNumbers: [Double]
        package var warnings: [String]

        package init(
            measure: String, reading: String? = nil, of: String = Similarity.original,
            set: String? = nil, samples: Int? = nil, layers: [String], matrix: [[Double]],
            conditionNumbers: [Double] = [],
            warnings: [String] = []
        ) {
            self.measure = measure
            self.reading = reading
            self.of = of
            self.set = set
            self.samples = samples
            self.layers = layers
            self.matrix = matrix
            self.conditionNumbers = conditionNumbers
            self.warnings = warnings
        }

        private enum CodingKeys: String, CodingKey {
            case measure, reading, of, set, samples, layers, matrix
            case conditionNumbers = "condition_numbers"
            case warnings
        }
    }

    /// Versions of the program and of what it computes with.
    package struct Versions: Codable, Sendable, Equatable {
        package var layerfold: String
        package var swift: String?
        package var openblas: String?
        package var onednn: String?
        package var sqlite: String?
        package var zstd: String?

        package init(
            layerfold: String, swift: String? = nil, openblas: String? = nil,
            onednn: String? = nil, sqlite: String? = nil, zstd: String? = nil
        ) {
            self.layerfold = layerfold
            self.swift = swift
            self.openblas = openblas
            self.onednn = onednn
            self.sqlite = sqlite
            self.zstd = zstd
        }
    }

    /// What decides the last bits of every number: same values here, same bits there.
    package struct Numerics: Codable, Sendable, Equatable {
        package var compute: String
        package var kernelLevel: String
        package var threads: Int
        package var blasCore: String?
        package var cpu: String?

        package init(
            compute: String, kernelLevel: String, threads: Int, blasCore: String? = nil,
            cpu: String? = nil
        ) {
            self.compute = compute
            self.kernelLevel = kernelLevel
            self.threads = threads
            self.blasCore = blasCore
            self.cpu = cpu
        }

        private enum CodingKeys: String, CodingKey {
            case compute
            case kernelLevel = "kernel_level"
            case threads
            case blasCore = "blas_core"
            case cpu
        }
    }
}
