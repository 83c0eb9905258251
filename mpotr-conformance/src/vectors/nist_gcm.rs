//! AES-256-GCM: the validation vectors of NIST (CAVP, CAVS 14.0), `gcmEncryptExtIV256.rsp` and `gcmDecrypt256.rsp`, as
//! published; of them all groups with a nonce of 96 bits and a tag of 128, which is what the suite uses.

const ENCRYPT: &str = include_str!("nist_gcm/encrypt_96_128.rsp");
const DECRYPT: &str = include_str!("nist_gcm/decrypt_96_128.rsp");

/// One case, all of it hexadecimal.
#[derive(Default)]
pub(crate) struct Case {
    pub(crate) key: &'static str,
    pub(crate) nonce: &'static str,
    pub(crate) associated_data: &'static str,
    /// `None`: the case must not open.
    pub(crate) text: Option<&'static str>,
    pub(crate) ciphertext: &'static str,
    pub(crate) tag: &'static str,
}

/// The 750 cases of both files. Those that open are to be sealed too.
pub(crate) fn cases() -> Vec<Case> {
    let cases: Vec<_> = [ENCRYPT, DECRYPT].into_iter().flat_map(parse).collect();
    let refused = cases.iter().filter(|case| case.text.is_none()).count();
    assert_eq!((cases.len(), refused), (750, 191), "a file was cut");
    cases
}

/// A case is the lines `Name = value` from `Count` to an empty line, or the line `FAIL` in place of the plaintext.
fn parse(file: &'static str) -> impl Iterator<Item = Case> {
    file.split("\n\n")
        .filter(|block| block.starts_with("Count"))
        .map(|block| {
            let mut case = Case::default();
            for line in block.lines().skip(1) {
                let (name, value) = line.split_once(" =").unwrap_or((line, ""));
                let value = value.trim_start();
                match name {
                    "Key" => case.key = value,
                    "IV" => case.nonce = value,
                    "AAD" => case.associated_data = value,
                    "PT" => case.text = Some(value),
                    "CT" => case.ciphertext = value,
                    "Tag" => case.tag = value,
                    "FAIL" => case.text = None,
                    other => panic!("a line {other}"),
                }
            }
            case
        })
}
