//! draft-irtf-cfrg-cpace-21, appendix B.3: "Test vector for CPace using group ristretto255 and hash SHA-512".

pub(crate) const PRS: &str = "50617373776f7264";
pub(crate) const CI: &str = "0b415f696e69746961746f720b425f726573706f6e646572";
pub(crate) const SID: &str = "7e4b4791d6a8ef019b936c79fb7f2c57";
pub(crate) const AD_A: &str = "414461";
pub(crate) const AD_B: &str = "414462";
pub(crate) const GENERATOR: &str =
    "222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56";
pub(crate) const SCALAR_A: &str =
    "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08";
pub(crate) const SHARE_A: &str = "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157";
pub(crate) const SCALAR_B: &str =
    "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d";
pub(crate) const SHARE_B: &str = "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258";
pub(crate) const K: &str = "80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f";
/// `ISK`, initiator and responder.
pub(crate) const SESSION_KEY: &str = "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd\
                                      2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447";

/// `s`, `X` and their product.
pub(crate) const FACTOR: &str = "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05";
pub(crate) const ELEMENT: &str = "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c";
pub(crate) const PRODUCT: &str = "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e";

/// `Y_i1`, which is no element, and the identity.
pub(crate) const INVALID_SHARES: [&str; 2] = [
    "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c",
    "0000000000000000000000000000000000000000000000000000000000000000",
];
