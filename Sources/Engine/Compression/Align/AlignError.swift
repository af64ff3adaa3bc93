// What an alignment cannot do.

import Failures

/// Why layers cannot be matched.
enum AlignError: ClassifiedFailure, Equatable, CustomStringConvertible {
    var failureClass: FailureClass { .user }

    case tooManyUnits(layer: Int, what: String, count: Int)
    case unsupported(layer: Int, what: String)
    case notFinite

    var description: String {
        switch self {
        case .tooManyUnits(let layer, let what, let count):
            "layer \(layer) has \(count) \(what), more than the \(LinearAssignment.sizeMax) that can "
                + "be assigned in 1 GiB of costs: choose `align: none`"
        case .unsupported(let layer, let what):
            "layer \(layer) cannot be aligned to another: \(what); choose `align: none`"
        case .notFinite:
            "a cost of the alignment is not a finite number: the weights or the activations of "
                + "a layer hold a NaN or an infinity; check the model, or choose `align: none`"
        }
    }
}
