// One layer: its inputs are scaled where the recipe says so, then its weights become codes place by
// place, each by what it reads behind those that were rounded before it.

import Model
import Schemes
import TensorMath

/// The streams that a layer reads and leaves changed: of the model as it is quantised so far, and
/// of the original where it is followed.
struct QuantizationStreams {
    let quantized: MatrixView
    let original: MatrixView?
}

struct LayerQuantizing {
    let recipe: QuantizationRecipe
    let draft: LayerDraft
    /// The layer with its own weights.
    let original: LayerReader
    let streams: QuantizationStreams
    let waves: CalibrationWaves
    /// For sums: in the precision of the mode.
    let product: MatrixProduct

    private var layer: LayerBlueprint { draft.layer }

    /// Makes codes of all weights, and takes the streams behind the layer.
    func run(observer: some WorkObserver) throws {
        try scale(mixer: true, observer)
        for site in layer.mixerSites { try round(site, observer) }
        try passMixer(observer)
        try scale(mixer: false, observer)
        for site in layer.feedForwardSites { try round(site, observer) }
        try passFeedForward(observer)
    }

    /// Takes the streams behind a layer whose weights are rounded already.
    func pass(observer: some WorkObserver) throws {
        try passMixer(observer)
        try passFeedForward(observer)
    }

    private func passMixer(_ observer: some WorkObserver) throws {
        for wave in waves.all {
            try observer.checkpoint()
            try draft.reader.passMixer(
                streams.quantized.rows(wave.tokens), layout: wave.layout)
            if let stream = streams.original {
                try original.passMixer(stream.rows(wave.tokens), layout: wave.layout)
            }
        }
    }

    private func passFeedForward(_ observer: some WorkObserver) throws {
        for wave in waves.all {
            try observer.checkpoint()
            try draft.reader.passFeedForward(streams.quantized.rows(wave.tokens))
            if let stream = streams.original {
                try original.passFeedForward(stream.rows(wave.tokens))
            }
        }
    }

    // MARK: Scaling

    private func scale(mixer: Bool, _ observer: some WorkObserver) throws {
        func pairs(_ projections: Bool) -> [ScalingPair] {
            mixer
                ? ScalingPair.ofMixer(layer, includingProjections: projections)
                : ScalingPair.ofFeedForward(layer, includingProjections: projections)
        }
        let search = ScaleSearch(
            draft: draft, recipe: recipe, stream: streams.quantized, waves: waves)
        switch recipe.scaling {
        case .none: return
        case .activationAware:
            for pair in pairs(true) {
                guard let scales = try search.activationAware(pair, observer: observer)
                else { continue }
                try draft.scale(pair, by: scales)
            }
        case .smoothing(let strength):
            for pair in pairs(false) {
                try draft.scale(
                    pair,
                    by: try search.smoothing(pair, strength: strength, observer: observer))
            }
        }
    }

    // MARK: Rounding

    private func round(_ site: LayerSite, _ observer: some WorkObserver) throws {
        switch recipe.rounding {
        case .nearest(clips: false): try roundToNearest(site)
        case .nearest(clips: true):
            guard let grams = try grams(site, observer) else { return try roundUnseen(site) }
            for projection in site.weights {
                try observer.checkpoint()
                let weight = try finite(projection)
                try draft.set(projection, clipped(projection, weight, inputs: grams))
            }
        case .feedback(let feedback): try feedBack(site, feedback, observer)
        }
    }

    private func grid(_ projection: ProjectionBlueprint) throws -> Grid {
        recipe.grid(try draft.format(projection))
    }

    /// A weight whose numbers and scales can all be written.
    private func finite(_ projection: ProjectionBlueprint) throws -> MatrixView {
        let weight = try draft.weight(projection)
        try check(weight, of: projection)
        return weight
    }

    private func check(_ weight: MatrixView, of projection: ProjectionBlueprint) throws {
        var numbers = FiniteCount()
        weight.withContiguousValues { numbers.add($0) }
        let (scheme, format) = (recipe.scheme, try draft.format(projection))
        let fault: RoundingFault? =
            numbers.others > 0
            ? .notFinite(count: numbers.others)
            : format.overflows(numbers.largest / scheme.reach)
                ? .scaleTooLarge(largest: numbers.largest, format: format) : nil
        if let fault {
            throw QuantizationRefusal.tensor(projection.tensor, fault)
        }
    }

    private func input(
        _ site: LayerSite, _ wave: ForwardPass.Wave
    ) throws -> (own: MatrixView, chosen: [Int]?) {
        let stream = streams.quantized.rows(wave.tokens)
        let chosen = try draft.reader.chosen(site.place, stream: stream)
        return (
            try draft.reader.input(
                site.place, stream: stream, layout: wave.layout, chosen: chosen), chosen
        )
    }

    /// nil where no token gets.
    private func grams(
        _ site: LayerSite, _ observer: some WorkObserver
    ) throws -> GroupGrams? {
        let grams = GroupGrams(
            inputs: site.inputs, group: recipe.scheme.groupWidth(columns: site.inputs))
        var tokens = 0
        for wave in waves.fitted {
            try observer.checkpoint()
            let own = try input(site, wave).own
            grams.add(own)
            tokens += own.rows
        }
        guard grams.isFinite else {
            throw CalibrationFault.inputs(tensor: site.weights[0].tensor)
        }
        return tokens > 0 ? grams : nil
    }

    /// Clipped but for queries and keys, whose large weights make attention sharp (as AWQ does).
    private func clipped(
        _ projection: ProjectionBlueprint, _ weight: MatrixView, inputs: GroupGrams
    ) throws -> QuantizedMatrix {
        let grid = try grid(projection)
        let scales = Clipping.scales(of: weight, grid, inputs: inputs)
        for kept in layer.sharpening where kept.tensor == projection.tensor {
            scales.rows(kept.rows).assign(grid.scales(of: weight.rows(kept.rows)))
        }
        return grid.nearest(weight, scales: scales)
    }

    // MARK: Feedback

    private func feedBack(
        _ site: LayerSite, _ feedback: QuantizationRecipe.Feedback, _ observer: some WorkObserver
    ) throws {
        let follows = streams.original != nil
        var sums = GramAccumulator(features: site.inputs, targets: follows ? site.outputs : 1)
        var tokens = 0
        for wave in waves.fitted {
            try observer.checkpoint()
            let (own, chosen) = try input(site, wave)
            tokens += own.rows
            let targets =
                follows ? try missing(site, own, wave, chosen) : own.columns(0..<1)
            try sums.add(features: own, targets: targets, by: product)
        }
        guard tokens > 0 else { return try roundUnseen(site) }
        let (gram, cross) = sums.take()
        guard (0..<gram.rows).allSatisfy({ gram[$0, $0].isFinite }) else {
            throw CalibrationFault.inputs(tensor: site.weights[0].tensor)
        }
        let inputs = InputGeometry(
            gram: gram, damping: feedback.damping, byActivation: feedback.byActivation)
        tell(inputs, of: site, wanted: feedback.damping)
        let shift =
            follows && inputs.damping != nil
            ? try shift(site, inputs.solved(MatrixView(cross)).transposed, observer) : nil
        var first = 0
        for projection in site.weights {
            try observer.checkpoint()
            let weight = try finite(projection)
            let rows = first..<first + projection.totalRows
            if let shift {
                RowKernels.add(weight, shift.rows(rows))
                try check(weight, of: projection)
            }
            first = rows.upperBound
            let method = GPTQ(grid: try grid(projection))
            try draft.set(projection, method.quantized(weight, inputs: inputs).matrix)
        }
    }

    private func roundToNearest(_ site: LayerSite) throws {
        for projection in site.weights {
            try draft.set(projection, grid(projection).nearest(try finite(projection)))
        }
    }

    private func roundUnseen(_ site: LayerSite) throws {
        try roundToNearest(site)
        draft.note(
            "\(site.weights[0].tensor.module): no token of the calibration gets there; "
                + "rounded to nearest")
    }

    private func tell(_ inputs: InputGeometry, of site: LayerSite, wanted: Double) {
        guard inputs.damping != wanted else { return }
        let module = site.weights[0].tensor.module
        draft.note(
            inputs.damping.map {
                "\(module): the sums of its inputs needed a damping of \($0) in place of \(wanted)"
            } ?? "\(module): no damping makes the sums of its inputs positive definite; rounded "
                + "to nearest")
    }

    /// What the original's projections give on its own stream beyond what they give on the
    /// quantised one, [tokens, outputs].
    private func missing(
        _ site: LayerSite, _ own: MatrixView, _ wave: ForwardPass.Wave, _ chosen: [Int]?
    ) throws -> MatrixView {
        guard let stream = streams.original else { preconditionFailure("an original") }
        let wanted = try original.input(
            site.place, stream: stream.rows(wave.tokens), layout: wave.layout, chosen: chosen)
        wanted.subtract(own)
        return try products(site, wanted) { try original.context.weights.projection($0) }
    }

    /// Outputs of all weights of a site side by side, without biases.
    private func products(
        _ site: LayerSite, _ inputs: MatrixView,
        _ weight: (ProjectionBlueprint) throws -> WeightMatrix
    ) throws -> MatrixView {
        let outputs = MatrixView(rows: inputs.rows, columns: site.outputs)
        var first = 0
        for projection in site.weights {
            let columns = first..<first + projection.totalRows
            try product.multiply(inputs, weight(projection), into: outputs.columns(columns))
            first = columns.upperBound
        }
        return outputs
    }

    /// How far each weight goes towards the original's outputs: the share, between none and all,
    /// that is best on the tokens held back.
    ///
    /// - Parameter step: least squares on the fitted tokens, [outputs, inputs]; changed in place.
    private func shift(
        _ site: LayerSite, _ step: MatrixView, _ observer: some WorkObserver
    ) throws -> MatrixView {
        var along = [Double](repeating: 0, count: site.weights.count)
        var squares = along
        for wave in waves.held {
            try observer.checkpoint()
            let (own, chosen) = try input(site, wave)
            let wanted = try missing(site, own, wave, chosen)
            let given = MatrixView(rows: own.rows, columns: site.outputs)
            try product.multiply(own, WeightMatrix(step, as: .f32), into: given)
            var first = 0
            for (index, projection) in site.weights.enumerated() {
                let columns = first..<first + projection.totalRows
                let part = given.columns(columns)
                along[index] += part.dot(wanted.columns(columns))
                squares[index] += part.sumOfSquares
                first = columns.upperBound
            }
        }
        var first = 0
        for (index, projection) in site.weights.enumerated() {
            let share =
                squares[index] > 0 ? min(1, max(0, along[index] / squares[index])) : 0
            let rows = first..<first + projection.totalRows
            RowKernels.scale(step.rows(rows), by: Float(share))
            first = rows.upperBound
        }
        return step
    }
}

extension LayerBlueprint {
    /// What makes queries, and keys that are made of nothing else.
    fileprivate var sharpening: [ProjectionBlueprint] {
        switch mixer {
        case .attention(let attention): [attention.query, attention.key]
        case .latent(let latent): [latent.queryLatent?.projection, latent.query].compactMap { $0 }
        case .mamba, .shortConvolution, .mamba2, .deltaNet, .absent: []
        }
    }
}
