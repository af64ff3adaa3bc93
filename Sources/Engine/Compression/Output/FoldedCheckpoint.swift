// A plan becomes a checkpoint: what every tensor will be, the new config.json, and the check
// that what was written is what the plan says.

package import Checkpoint
package import DurableIO
import Failures
import JSON
package import Model
package import SystemPackage
import TensorMath

/// The new checkpoint of a plan, before it is written.
package struct FoldedCheckpoint {
    package let model: Model
    package let plan: FoldPlan
    let recipes: [TensorRecipe]
    /// By name, of tensors that are smaller than those they are made of.
    private let newShapes: [String: [Int]]
    /// Tensors that a method computed, by their names in the new checkpoint.
    private let computed: [String: () throws -> MatrixView]
    /// nil keeps each tensor's own.
    package let dtype: DType?
    package let config: ModelConfig

    /// - Throws: `PlanError`, or `ModelError` where config.json cannot express the kept layers.
    package init(
        model: Model, plan: FoldPlan, computed: any ComputedTensors = WeightPatch(),
        dtype: DType? = nil
    ) throws {
        try plan.validate()
        self.computed = computed.named(in: model.blueprint.layers)
        self.model = model
        self.plan = plan
        self.dtype = dtype
        recipes = plan.recipes(
            blueprint: model.blueprint, stored: Set(model.checkpoint.tensorNames))
        newShapes = plan.newShapes(model.blueprint)
        var config = model.checkpoint.config
        try model.architecture.rewrite(
            &config, kept: plan.layers.map { $0.from[0].layer }, blueprint: model.blueprint)
        if let width = plan.mlpWidth { try model.architecture.narrow(&config, to: width) }
        try model.settle(&config)
        if let dtype {
            for key in ["dtype", "torch_dtype"] where config.contains(key) {
                config.set(key, to: .string(dtype.configName))
            }
        }
        self.config = config
    }

    /// Where the new model does not load as the original does, in words.
    package var caveats: [String] {
        model.architecture.caveats(
            kept: plan.layers.map { $0.from[0].layer }, mlpWidth: plan.mlpWidth,
            blueprint: model.blueprint)
    }

    /// Parameters of the new model.
    package func parameterCount() throws -> Int {
        try recipes.reduce(0) { sum, recipe in
            try sum + elementCount(recipe, model.checkpoint.tensor(recipe.from[0].name))
        }
    }

    private func elementCount(_ recipe: TensorRecipe, _ first: StoredTensor) -> Int {
        newShapes[recipe.name]?.reduce(1, *) ?? first.entry.elementCount
    }

    /// Bytes of the tensors and of the files beside them.
    package var byteCount: Int {
        recipes.reduce(model.checkpoint.companionByteCount) { sum, recipe in
            guard let first = try? model.checkpoint.tensor(recipe.from[0].name) else { return sum }
            return sum + elementCount(recipe, first) * (dtype ?? first.entry.dtype).bitWidth / 8
        }
    }

    /// The new model before it is written, with tensors of the original in place of its own.
    package func shape() throws -> Model { try Model(model, shapedAs: config) }

    /// The tensors with their sources, for the writer.
    package func outputs() throws -> [OutputTensor] {
        let source = MappedWeights(model.checkpoint)
        let buffers = BlendBuffers()
        return try recipes.map { recipe in
            let first = try model.checkpoint.tensor(recipe.from[0].name)
            let target = dtype ?? first.dtype
            if let make = computed[recipe.name] {
                return .produce(recipe.name, target, newShapes[recipe.name] ?? first.shape) {
                    sink in
                    try make().withContiguousValues { try sink.write(floats: $0) }
                    guard sink.numbers.others == 0 else {
                        throw FoldCheckError.notFinite(
                            tensor: recipe.name, count: sink.numbers.others)
                    }
                }
            }
            guard newShapes[recipe.name] == nil else {
                throw FoldCheckError.notComputed(tensor: recipe.name)
            }
            if recipe.isCopy, target == first.dtype { return .copy(first, as: recipe.name) }
            return .produce(recipe.name, target, first.shape) { sink in
                try Self.blend(recipe, from: source, by: buffers, into: &sink)
            }
        }
    }

    private static func blend(
        _ recipe: TensorRecipe, from source: MappedWeights, by buffers: BlendBuffers,
        into sink: inout TensorSink
    ) throws {
        let matrices = try recipe.from.map { try source.weight($0) }
        defer { source.forget(recipe.from.map(\.name)) }
        let weights = recipe.from.map(\.weight)
        let (rows, columns) = (matrices[0].rows, matrices[0].columns)
        let (target, scratch) = buffers.views(rows: rows, columns: columns)
        let step = target.rows
        var start = 0
        while start < rows {
            let range = start..<min(rows, start + step)
            let piece = target.rows(0..<range.count)
            Blend.rows(
                range, of: matrices, weights: weights, into: piece,
                scratch: scratch.rows(0..<range.count))
            try piece.withContiguousValues { try sink.write(floats: $0) }
            start = range.upperBound
        }
    }

    /// Writes the folded model into an empty folder; no file has its name before every tensor
    /// was found to be what its recipe says.
    ///
    /// - Parameter reader: reads a file while it is written; see `CheckpointWriter.reader`.
    package func write(
        to folder: FilePath, shardByteLimit: Int?,
        reader: ((_ name: String) -> any ByteReader)? = nil, observer: some WorkObserver
    ) throws -> WrittenCheckpoint {
        var writer = CheckpointWriter(folder: folder)
        writer.shardByteLimit = shardByteLimit
        writer.reader = reader
        writer.check = { file in
            try verify(file.tensors.map { try file.tensor($0.name) })
        }
        return try writer.write(
            try outputs(), config: config, companionsOf: model.checkpoint
        ) { done, total in
            try observer.checkpoint()
            observer.progress(done: done, total: total, unit: "bytes", detail: "writing")
        }
    }

    /// Compares each of these tensors that was folded with its recipe, recomputed in double, and
    /// each computed one with its value.
    ///
    /// - Parameter written: of the new checkpoint.
    /// - Returns: the largest difference as a share of what rounding may do.
    /// - Throws: `FoldCheckError` where a tensor differs by more.
    @discardableResult
    package func verify(_ written: [StoredTensor]) throws -> Double {
        let old = MappedWeights(model.checkpoint)
        let named = Dictionary(uniqueKeysWithValues: recipes.map { ($0.name, $0) })
        var largest = 0.0
        for tensor in written {
            guard let recipe = named[tensor.name] else { continue }
            let computed = try computed[recipe.name].map { [WeightMatrix(try $0(), as: .f32)] }
            guard !recipe.isCopy || computed != nil else { continue }
            let error = Blend.largestError(
                of: try tensor.weight(),
                against: try computed ?? recipe.from.map { try old.weight($0) },
                weights: computed == nil ? recipe.from.map(\.weight) : [1])
            guard error <= 1 else {
                throw FoldCheckError.differs(tensor: recipe.name, roundingErrors: error)
            }
            old.forget(recipe.from.map(\.name))
            largest = max(largest, error)
        }
        return largest
    }
}

/// What all blends of a checkpoint are computed in: new buffers for each tensor would cost as much
/// in page faults as the sums.
private final class BlendBuffers {
    /// Floats of a tensor that are computed at once (4 MiB).
    private static let pieceFloats = 1 << 20
    private var target = FloatBuffer(count: 0)
    private var scratch = FloatBuffer(count: 0)

    /// As many rows of a tensor as fit, at least one, and the place of one share of them.
    func views(rows: Int, columns: Int) -> (target: MatrixView, scratch: MatrixView) {
        let step = max(1, min(rows, Self.pieceFloats / max(1, columns)))
        if target.count < step * columns {
            let count = max(step * columns, Self.pieceFloats)
            target = FloatBuffer(count: count)
            scratch = FloatBuffer(count: count)
        }
        func view(_ buffer: FloatBuffer) -> MatrixView {
            MatrixView(storage: buffer, offset: 0, rows: step, columns: columns, stride: columns)
        }
        return (view(target), view(scratch))
    }
}

/// A tensor is not what its recipe says, or nothing that a model can use.
enum FoldCheckError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case differs(tensor: String, roundingErrors: Double)
    case notFinite(tensor: String, count: Int)
    case notComputed(tensor: String)

    var failureClass: FailureClass {
        switch self {
        // Ours or the disk's; nothing a person can correct.
        case .differs, .notComputed: .bug
        case .notFinite: .user
        }
    }

    var description: String {
        switch self {
        case .differs(let tensor, let error):
            "tensor \(quoted(tensor)) differs from its recipe by \(error) times what rounding allows; "
                + "the model was not published: this is a fault of ours or of the disk, try again"
        case .notComputed(let tensor):
            "tensor \(quoted(tensor)) has fewer neurons by the plan and was not computed; the model was "
                + "not published: this is a fault of ours"
        case .notFinite(let tensor, let count):
            "tensor \(quoted(tensor)): \(count) of the values that the method computed are NaN or "
                + "infinite, so that the model was not written: give more or other calibration "
                + "texts, or another method"
        }
    }
}
