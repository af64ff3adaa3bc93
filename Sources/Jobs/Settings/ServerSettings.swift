// The daemon's settings file: YAML, read as strictly as a manifest and for the same reason.

package import Foundation

/// What the settings file says; nil where it is silent. Flags and the environment go over it, and
/// the defaults, which the daemon knows, go under it.
package struct ServerSettings: Sendable, Equatable {
    package var stateDirectory: String?
    package var inbox: String?
    package var modelRoots: [String]?
    package var dataRoots: [String]?
    package var worker: String?
    package var workerSocket: String?
    package var rescanSeconds: Double?
    package var settleSeconds: Double?
    package var graceSeconds: Double?

    package init() {}

    /// - Throws: `ManifestError` with line and column.
    package static func parse(bytes: Data) throws -> ServerSettings {
        let root = Field(node: try ManifestReader.read(bytes), path: "")
        let map = try FieldMap(root, "a mapping, such as `state: /var/lib/layerfoldd`")
        try map.refuseUnknown(
            besides: [
                "state", "inbox", "model_roots", "data_roots", "worker", "worker_socket",
                "rescan_seconds", "settle_seconds", "grace_seconds",
            ], in: "the settings")
        var settings = ServerSettings()
        settings.stateDirectory = try map["state"].map(absolutePath)
        settings.inbox = try map["inbox"].map(absolutePath)
        settings.modelRoots = try map["model_roots"].map(absolutePaths)
        settings.dataRoots = try map["data_roots"].map(absolutePaths)
        settings.worker = try map["worker"].map(absolutePath)
        settings.workerSocket = try map["worker_socket"].map(absolutePath)
        settings.rescanSeconds = try map["rescan_seconds"]?.number(in: 0.01...86_400)
        settings.settleSeconds = try map["settle_seconds"]?.number(in: 0...3_600)
        settings.graceSeconds = try map["grace_seconds"]?.number(in: 0...3_600)
        return settings
    }

    private static func absolutePath(_ field: Field) throws -> String {
        let path = try field.text("a path that starts with /")
        guard path.hasPrefix("/"), PathRule.anywhere.refusal(of: path, under: .data) == nil else {
            throw field.error(
                "not an absolute path", expected: "a path that starts with /",
                found: field.node.found)
        }
        return path
    }

    private static func absolutePaths(_ field: Field) throws -> [String] {
        try field.list("a list of paths", countMax: ManifestLimits.entriesMax).map(absolutePath)
    }
}
