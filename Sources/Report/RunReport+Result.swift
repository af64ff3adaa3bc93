// One folded model in report.json: its plan, its size and its figures.

import Catalogue

extension RunReport {
    /// One folded model: one method at one ratio or budget.
    package struct Result: Codable, Sendable, Equatable {
        /// Unique in the report, and the `of` of similarities: `mka-r0.25`.
        package var id: String
        package var method: String
        /// What the manifest calls the entry, where it has a word for it.
        package var label: String?
        /// Share of layers to remove, as asked, or as the budget came to; 0 where the method was
        /// given its layers instead.
        package var ratio: Double
        /// What the model was to take, such as `size 6G`, where that was asked and no ratio.
        @LaterField package var budget: String?
        /// Share of layers removed, (L - L') / L.
        package var ratioAchieved: Double
        /// Of the model's folder, relative to report.json.
        package var path: String
        package var layers: Int
        /// Neurons of its MLPs, where they are fewer than the original's.
        @LaterField package var mlpWidth: Narrowing?
        /// What met the budget of layers and neurons, where both were to be chosen.
        @LaterField package var mixes: [Mix]?
        package var parameters: Int
        package var bytes: Int
        /// One entry per layer of the folded model, in order.
        package var plan: [PlanEntry]
        /// Layers of the original that no entry of the plan uses, in order.
        package var removedLayers: [Int]
        /// Positions in the report's `similarity`: of the original, and of this model.
        package var similarityBefore: [Int]
        package var similarityAfter: [Int]
        package var evaluations: [Evaluation]
        /// How the merge weights were learned, where they were.
        package var learning: Learning?
        /// What else could be done at its size, the result first; where it was held against that.
        @LaterField package var rivals: [Rival]?
        /// The last pass, where there was one.
        @LaterField package var healing: Healing?
        /// What it writes, beside the original; where a task let both write.
        package var answers: [Answer]?
        /// Time to compute its weights, where that is work of its own, whenever it was done, and to
        /// write it; without its evaluation.
        package var seconds: Double
        package var files: [File]
        /// The same model in files for other programs, where the job asked for them.
        @LaterField package var exports: [Export]?
        /// Which programs get the model wrong, in words, for its card; report.json has them among
        /// its warnings.
        package var caveats: [String] = []

        package init(
            id: String, method: String, label: String? = nil, ratio: Double,
            budget: String? = nil, ratioAchieved: Double, path: String, layers: Int,
            mlpWidth: Narrowing? = nil, mixes: [Mix]? = nil, parameters: Int, bytes: Int,
            plan: [PlanEntry],
            removedLayers: [Int] = [], similarityBefore: [Int] = [],
            similarityAfter: [Int] = [], evaluations: [Evaluation] = [],
            learning: Learning? = nil, rivals: [Rival]? = nil, healing: Healing? = nil,
            answers: [Answer]? = nil, seconds: Double = 0,
            files: [File] = [], exports: [Export]? = nil, caveats: [String] = []
        ) {
            self.id = id
            self.method = method
            self.label = label
            self.ratio = ratio
            self.budget = budget
            self.ratioAchieved = ratioAchieved
            self.path = path
            self.layers = layers
            self.mlpWidth = mlpWidth
            self.mixes = mixes
            self.parameters = parameters
            self.bytes = bytes
            self.plan = plan
            self.removedLayers = removedLayers
            self.similarityBefore = similarityBefore
            self.similarityAfter = similarityAfter
            self.evaluations = evaluations
            self.learning = learning
            self.rivals = rivals
            self.healing = healing
            self.answers = answers
            self.seconds = seconds
            self.files = files
            self.exports = exports
            self.caveats = caveats
        }

        /// What tells results of different entries apart.
        package var name: String { label ?? method }

        /// Removed layers that live on in each entry of the plan, in its order: those behind the
        /// entry's layer, and before the first entry's also those before it. Empty where the
        /// method drops what it removes.
        package var takenIn: [[Int]] {
            guard Offer.method(method)?.takesIn == true else { return plan.map { _ in [] } }
            let kept = plan.map { $0.from.first?.layer ?? 0 }
            return kept.indices.map { index in
                let start = index == 0 ? 0 : kept[index]
                let end = index + 1 < kept.count ? kept[index + 1] : Int.max
                return removedLayers.filter { $0 >= start && $0 < end }
            }
        }

        private enum CodingKeys: String, CodingKey {
            case id, method, label, ratio, budget
            case ratioAchieved = "ratio_achieved"
            case path, layers
            case mlpWidth = "mlp_width"
            case mixes, parameters, bytes, plan
            case removedLayers = "removed_layers"
            case similarityBefore = "similarity_before"
            case similarityAfter = "similarity_after"
            case evaluations, learning, rivals, healing, answers, seconds, files, exports
        }
    }

    /// How wide all MLPs of a folded model are.
    package struct Narrowing: Codable, Sendable, Equatable {
        package var neurons: Int
        /// Of each MLP of the original.
        package var original: Int
        /// Of the parameters of all layers of the original, those that this model's have; nil in
        /// reports that do not say.
        package var layersShare: Double?

        package init(neurons: Int, original: Int, layersShare: Double? = nil) {
            self.neurons = neurons
            self.original = original
            self.layersShare = layersShare
        }

        private enum CodingKeys: String, CodingKey {
            case neurons, original
            case layersShare = "layers_share"
        }

        /// `MLPs of 1,408 of 1,536 neurons`.
        package var words: String {
            "MLPs of \(NumberText.grouped(neurons)) of \(NumberText.grouped(original)) neurons"
        }
    }

    /// Layers and neurons that meet a budget together, and what they were measured to cost, in nats
    /// per token.
    package struct Mix: Codable, Sendable, Equatable {
        /// Layers that are left.
        package var layers: Int
        /// Of each MLP.
        package var neurons: Int
        /// Of folding the layers that go, and of narrowing the MLPs of those that are left.
        package var layersCost: Double
        package var narrowingCost: Double

        package init(layers: Int, neurons: Int, layersCost: Double, narrowingCost: Double) {
            self.layers = layers
            self.neurons = neurons
            self.layersCost = layersCost
            self.narrowingCost = narrowingCost
        }

        private enum CodingKeys: String, CodingKey {
            case layers, neurons
            case layersCost = "layers_cost"
            case narrowingCost = "narrowing_cost"
        }
    }

    /// One layer of a folded model, and what it is made of.
    package struct PlanEntry: Codable, Sendable, Equatable {
        package var into: Int
        package var from: [Source]

        package init(into: Int, from: [Source]) {
            self.into = into
            self.from = from
        }
    }

    /// A layer of the original and its weight in a folded layer.
    package struct Source: Codable, Sendable, Equatable {
        package var layer: Int
        package var weight: Double

        package init(layer: Int, weight: Double) {
            self.layer = layer
            self.weight = weight
        }
    }

    /// One figure of one task, beside the original's.
    package struct Evaluation: Codable, Sendable, Equatable {
        package var task: String
        /// Such as `perplexity` (lower is better) or `accuracy` (0 to 1, higher is better).
        package var metric: String
        package var value: Double
        /// Standard error of `value`, in its unit.
        package var stderr: Double?
        /// Of what the figure is over: questions of a benchmark, tokens of a text.
        package var count: Int?
        /// The same figure of the model before the fold.
        package var original: Double?
        package var originalStderr: Double?
        /// The figure per subject, where the task has subjects.
        package var subjects: [Subject]?
        /// The figure per category of subjects, where the task groups them.
        package var categories: [Subject]?

        package init(
            task: String, metric: String, value: Double, stderr: Double? = nil,
            count: Int? = nil, original: Double? = nil, originalStderr: Double? = nil,
            subjects: [Subject]? = nil, categories: [Subject]? = nil
        ) {
            self.task = task
            self.metric = metric
            self.value = value
            self.stderr = stderr
            self.count = count
            self.original = original
            self.originalStderr = originalStderr
            self.subjects = subjects
            self.categories = categories
        }

        private enum CodingKeys: String, CodingKey {
            case task, metric, value, stderr, count, original
            case originalStderr = "original_stderr"
            case subjects, categories
        }
    }

    /// A task's figure for one of its subjects, or for a category of them.
    package struct Subject: Codable, Sendable, Equatable {
        package var name: String
        package var value: Double
        package var count: Int?
        package var original: Double?
        package var stderr: Double?
        package var originalStderr: Double?

        package init(
            name: String, value: Double, count: Int? = nil, original: Double? = nil,
            stderr: Double? = nil, originalStderr: Double? = nil
        ) {
            self.name = name
            self.value = value
            self.count = count
            self.original = original
            self.stderr = stderr
            self.originalStderr = originalStderr
        }

        private enum CodingKeys: String, CodingKey {
            case name, value, count, original, stderr
            case originalStderr = "original_stderr"
        }
    }

    /// A model in a file for other programs.
    package struct Export: Codable, Sendable, Equatable {
        /// A name of `Offer.exports`.
        package var format: String
        /// How weights are written.
        package var type: String
        /// Of the file, relative to report.json.
        package var path: String
        package var bytes: Int
        package var sha256: String
        package var seconds: Double
        /// Where programs do otherwise with it than transformers with the folder, in words;
        /// report.json has them among its warnings.
        package var caveats: [String] = []

        package init(
            format: String, type: String, path: String, bytes: Int, sha256: String,
            seconds: Double = 0, caveats: [String] = []
        ) {
            self.format = format
            self.type = type
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
            self.seconds = seconds
            self.caveats = caveats
        }

        private enum CodingKeys: String, CodingKey {
            case format, type, path, bytes, sha256, seconds
        }
    }

    /// A file of a folded model.
    package struct File: Codable, Sendable, Equatable {
        package var name: String
        package var bytes: Int
        package var sha256: String

        package init(name: String, bytes: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
        }
    }
}

extension RunReport.Result {
    /// What the plan does to the original's layers.
    enum Nature: Sendable, Equatable {
        /// Every kept layer is a layer of the original, unchanged by the plan.
        case drops
        /// Some kept layers are weighted sums of several layers.
        case merges
        /// Weights of kept layers were computed by the method.
        case computes
    }

    /// Whether all layers are left, with fewer neurons.
    var isOnlyNarrower: Bool { mlpWidth != nil && removedLayers.isEmpty }

    var nature: Nature {
        if plan.contains(where: \.isMerged) { return .merges }
        return Offer.method(method)?.computesWeights == true ? .computes : .drops
    }
}

extension RunReport.PlanEntry {
    /// Whether this layer is anything but one layer of the original with weight 1.
    package var isMerged: Bool { from.count != 1 || from[0].weight != 1 }
}
