// What this build offers is declared with these types, and read by the manifest parser, by
// `layerfold methods` and `layerfold tasks`, and by the documentation tests.

/// Anything that is chosen by name and told parameters.
package protocol Declaration: Sendable {
    var name: String { get }
    var summary: String { get }
    var parameters: [ParameterDeclaration] { get }
}

extension Declaration {
    package func parameter(_ name: String) -> ParameterDeclaration? {
        parameters.first { $0.name == name }
    }
}

/// What a method's plan is made from, beside the shape of the model.
package enum MethodNeeds: Sendable, Equatable {
    case nothing
    /// A similarity matrix, and so calibration data.
    case similarity
    /// Calibration data, on which the model is run.
    case tokens
    /// Calibration data, on which the method looks for a plan of its own.
    case search
}

/// A way to make a model shallower: how layers are chosen and what becomes of their weights.
package struct MethodDeclaration: Declaration {
    package let name: String
    package let summary: String
    /// Paper and equation, or code.
    package let source: String
    package let formula: String
    /// False where the parameters say which layers stay, and `ratios` is refused.
    package let takesRatios: Bool
    /// False where a ratio is a share of something else than layers.
    package let removesLayers: Bool
    package let needs: MethodNeeds
    /// The measure the method is defined by, whatever the job's analysis names; nil where it takes
    /// the job's.
    package let ownMeasure: String?
    /// True where weights are computed from calibration data, beyond sums of the original's.
    package let computesWeights: Bool
    /// True where parts of a removed layer live on in the kept layer before it.
    package let takesIn: Bool
    package let parameters: [ParameterDeclaration]

    /// Whether the number of layers that go can be chosen, and so follow from a budget.
    package var takesBudget: Bool { takesRatios && removesLayers }

    init(
        name: String, summary: String, source: String, formula: String, takesRatios: Bool = true,
        removesLayers: Bool = true, needs: MethodNeeds = .nothing, ownMeasure: String? = nil,
        computesWeights: Bool = false,
        takesIn: Bool = false, parameters: [ParameterDeclaration] = []
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.formula = formula
        self.takesRatios = takesRatios
        self.removesLayers = removesLayers
        self.needs = needs
        self.ownMeasure = ownMeasure
        self.computesWeights = computesWeights
        self.takesIn = takesIn
        self.parameters = parameters
    }
}

/// What is divided by scales before weights are rounded; what reads it is multiplied in return.
package enum DividedInputs: Sendable, Equatable {
    case nothing
    case norms
    /// And projections of values and, before a gate, of neurons.
    case normsAndProjections
}

/// A way to write a model in fewer bits.
package struct QuantizationDeclaration: Declaration {
    package let name: String
    package let summary: String
    package let source: String
    package let formula: String
    /// Whether it looks at calibration data.
    package let needsCalibration: Bool
    package let divides: DividedInputs
    /// Parameters that folders are named by, with what stands before their values.
    package let naming: [(parameter: String, prefix: String)]
    package let parameters: [ParameterDeclaration]

    init(
        name: String, summary: String, source: String, formula: String,
        needsCalibration: Bool = false, divides: DividedInputs = .nothing,
        naming: [(parameter: String, prefix: String)] = [],
        parameters: [ParameterDeclaration] = []
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.formula = formula
        self.needsCalibration = needsCalibration
        self.divides = divides
        self.naming = naming
        self.parameters = parameters
    }
}

/// A measure of how alike two layers are.
package struct SimilarityDeclaration: Declaration {
    package let name: String
    package let summary: String
    package let source: String
    package let formula: String
    package let parameters: [ParameterDeclaration]
}

/// What of a sample's hidden states stands for the sample.
package struct RepresentationDeclaration: Declaration {
    package let name: String
    package let summary: String
    package let parameters: [ParameterDeclaration]
}

/// What a calibration set is made from.
package enum DatasetSource: Sendable, Equatable {
    case file
    case folder
    /// The model that is compressed writes it.
    case model
    /// Other sets.
    case parts
}

/// Where calibration samples come from. What belongs to all of them is declared once, in
/// `Offer.calibration`.
package struct DatasetDeclaration: Declaration {
    package let name: String
    package let summary: String
    /// Where it is a folder, no built-in text will do.
    package let source: DatasetSource
    package let parameters: [ParameterDeclaration]

    init(
        name: String, summary: String, source: DatasetSource = .file,
        parameters: [ParameterDeclaration]
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.parameters = parameters
    }

    package var readsPath: Bool { source == .file || source == .folder }

    /// What it is told as any other.
    package var common: [ParameterDeclaration] {
        Offer.calibration.filter { readsPath || $0.kind != .textPath }
    }
}

/// A way to judge a model.
package struct TaskDeclaration: Declaration {
    package let name: String
    package let summary: String
    package let source: String
    /// The metrics it reports, the first one leading.
    package let metrics: [String]
    package let parameters: [ParameterDeclaration]
}
