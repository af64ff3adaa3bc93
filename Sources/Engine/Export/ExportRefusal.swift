// Why a model is not written in a format: its loaders could not read it, or would read it wrongly.

package import Failures

/// A model cannot be exported as it is.
package struct ExportRefusal: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// What of the model.
    let subject: String
    let reason: String
    /// The way out.
    let cure: String

    package var failureClass: FailureClass { .user }

    package var description: String {
        "\(subject) cannot be exported as GGUF: \(reason); \(cure)"
    }

    /// For what no change of the model mends.
    static let leaveOut = "take the entry out of `export`"
}
