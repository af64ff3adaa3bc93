// What cannot be quantised, and what to write instead.

package import Failures
import JSON
package import Schemes

package enum QuantizationRefusal: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// A group that does not divide the inputs of a weight; `works` are those of `group: auto`
    /// that would.
    case group(Int, tensor: String, columns: Int, works: Int?)
    case noGroup(tensor: String, columns: Int)
    case expertsWithActivations(scheme: String)
    case layer(Int, what: String)
    case tensor(String, RoundingFault)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .group(let group, let tensor, let columns, let works):
            "groups of \(group) do not divide the \(columns) columns of \(quoted(tensor)): write "
                + "`group: \(works.map { "\($0)" } ?? "channel")`"
                + (works == nil ? "" : ", or `group: auto`, which finds it")
        case .noGroup(let tensor, let columns):
            "`group: auto` takes 128, 64 or 32, and none of them divides the \(columns) columns of "
                + "\(quoted(tensor)): write `group: channel`, or a number that does"
        case .expertsWithActivations(let scheme):
            "\(scheme) rounds activations, and no loader takes experts in it: quantise the weights "
                + "of this model alone (`method: rtn`)"
        case .layer(let index, let what):
            "layer \(index) cannot be quantised: \(what); leave `quantize` out for this model"
        case .tensor(let name, let fault):
            "tensor \(quoted(name)): \(fault)"
        }
    }
}
