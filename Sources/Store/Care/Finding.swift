// What verification finds.

package import SystemPackage

/// Something in the store that is not as it should be.
package enum Finding: Equatable, Sendable {
    /// An object is damaged; the actions named promise it as an output.
    case damagedObject(Digest, ObjectFault, actions: [Digest])
    case damagedAction(Digest, ActionFault)
    /// An action names an object that is missing, or of another size.
    case danglingAction(Digest, role: String, object: Digest)
    /// A name that is none of the store's. It is left alone, and is no fault.
    case unknown(FilePath)
    /// A file that was set aside earlier. It is no fault.
    case quarantined(FilePath)
    /// What a process is writing, or a dead one left. Nobody reads it, and it is no fault.
    case unfinished(FilePath)

    /// Whether it is damage, rather than something worth knowing.
    package var isFault: Bool {
        switch self {
        case .damagedObject, .damagedAction, .danglingAction: true
        case .unknown, .quarantined, .unfinished: false
        }
    }
}

extension Finding {
    /// Steps that rest on what is damaged, and will run again.
    package var actions: [Digest] {
        switch self {
        case .damagedObject(_, _, let actions): actions
        case .damagedAction(let key, _), .danglingAction(let key, _, _): [key]
        case .unknown, .quarantined, .unfinished: []
        }
    }
}

extension Finding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damagedObject(let digest, let fault, let actions):
            "object \(digest) is damaged: \(fault); "
                + "\(actions.count) recorded steps rest on it and will run again"
        case .damagedAction(let key, let fault): "action \(key) is damaged: \(fault)"
        case .danglingAction(let key, let role, let object):
            "action \(key) names object \(object) as `\(role)`, which is missing"
        case .unknown(let path): "`\(path)` does not belong to the store and is left alone"
        case .quarantined(let path): "`\(path)` was damaged and is kept aside; it may be removed"
        case .unfinished(let path):
            "`\(path)` is being written, or was left by a process that died and goes when the store "
                + "is next opened"
        }
    }
}

/// What a verification saw.
package struct VerifierReport: Equatable, Sendable {
    package internal(set) var objectCount = 0
    /// Bytes of the objects verified, unpacked.
    package internal(set) var rawBytes = 0
    package internal(set) var actionCount = 0
    /// In the order objects, actions, names; each sorted.
    package internal(set) var findings: [Finding] = []

    /// Faults that the part of this pass told which was interrupted.
    package internal(set) var earlierFaults = 0

    package var isSound: Bool { earlierFaults == 0 && !findings.contains(where: \.isFault) }
}
