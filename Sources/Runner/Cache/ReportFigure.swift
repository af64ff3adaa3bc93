// A figure of the report must not cost the model: what cannot be measured is left out, with a word.

import Failures

extension ProgressReporter {
    /// What `measure` gives; nil, with a warning, where it cannot be had.
    ///
    /// - Parameter name: of what is left out then, for people.
    /// - Throws: `JobStopped`; failures that another try may cure; a disk that is full;
    ///   `InputChanged`.
    func figure<Value>(_ name: String, _ measure: () throws -> Value) throws -> Value? {
        do {
            return try measure()
        } catch let error where Self.isOfTheFigure(error) {
            warn("\(name) is left out: \(error)")
            return nil
        }
    }

    private static func isOfTheFigure(_ error: any Error) -> Bool {
        switch FailureClass(of: error) {
        // What an input that changed did to one figure it does to the next.
        case .user where error is InputChanged: return false
        case .user, .bug: return true
        case .resource: return error is MemoryMissing
        case .transient: return false
        }
    }
}
