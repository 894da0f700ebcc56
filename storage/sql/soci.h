// SOCI without Boost. Debian's SOCI is configured with Boost support, which only adds conversions
// for Boost's own types in headers (soci/boost-*.h, bind-values.h); leaving it out spares the build
// all of Boost. Include this, never soci/soci.h.
#pragma once

#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME
#include <soci/soci.h>
