// One quantised model in report.json: what it was made of, in which numbers, and its figures.

extension RunReport {
    /// A model of the job, or the original, written in fewer bits.
    package struct Quantized: Codable, Sendable, Equatable {
        /// Unique in the report: `mka-r0.25-rtn-w4`.
        package var id: String
        /// `original`, or the id of a result.
        package var of: String
        package var method: String
        /// What the manifest calls the entry, where it has a word for it.
        @LaterField package var label: String?
        /// Such as `W4A16`: bits of weights and of activations; `FP8`.
        package var scheme: String
        /// What compressed-tensors calls it.
        package var format: String
        /// Of a weight.
        package var bits: Int
        /// Columns that share a scale; a whole row where it is missing.
        @LaterField package var group: Int?
        /// Of the model's folder, relative to report.json.
        package var path: String
        package var layers: Int
        package var parameters: Int
        package var bytes: Int
        /// (L - L'/Q) / L, L' of L layers being left, and Q how many times fewer bits a weight has;
        /// where MLPs are narrower, the share of parameters left in all layers in place of L'/L.
        package var compressionRatio: Double
        package var evaluations: [Evaluation]
        @LaterField package var answers: [Answer]?
        /// Time to quantise it, whenever that was done, and to write it; without its evaluation.
        package var seconds: Double
        package var files: [File]

        package init(
            id: String, of: String, method: String, label: String? = nil, scheme: String,
            format: String, bits: Int, group: Int? = nil, path: String, layers: Int,
            parameters: Int, bytes: Int, compressionRatio: Double,
            evaluations: [Evaluation] = [], answers: [Answer]? = nil, seconds: Double = 0,
            files: [File] = []
        ) {
            self.id = id
            self.of = of
            self.method = method
            self.label = label
            self.scheme = scheme
            self.format = format
            self.bits = bits
            self.group = group
            self.path = path
            self.layers = layers
            self.parameters = parameters
            self.bytes = bytes
            self.compressionRatio = compressionRatio
            self.evaluations = evaluations
            self.answers = answers
            self.seconds = seconds
            self.files = files
        }

        package var name: String { label ?? method }

        /// The scheme with its groups, for people.
        package var schemeText: String {
            scheme + (group.map { ", groups of \($0)" } ?? ", channels")
        }

        /// The ratio of Liu et al. 2024, arXiv 2406.16330, Table 1.
        ///
        /// - Parameter share: of the parameters of all layers that is left; nil: layers are as wide
        ///   as they were, so that their number says it.
        package static func compressionRatio(
            layers: Int, left: Int, share: Double? = nil, bitsBefore: Int, bits: Int
        ) -> Double {
            let share = share ?? Double(left) / Double(layers)
            return 1 - share * Double(bits) / Double(bitsBefore)
        }

        private enum CodingKeys: String, CodingKey {
            case id, of, method, label, scheme, format, bits, group, path, layers, parameters
            case bytes
            case compressionRatio = "compression_ratio"
            case evaluations, answers, seconds, files
        }
    }
}
